// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

//! One end of a connection with one channel.

use crate::protocol::{text_of, u16_of};
use bytes::BytesMut;
use rtc::peer_connection::configuration::setting_engine::SctpMaxMessageSize;
use serde_json::{json, Value};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::UnboundedSender;
use webrtc::data_channel::{DataChannel, DataChannelEvent, RTCDataChannelInit};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceCandidateInit,
    RTCPeerConnectionIceEvent, RTCSessionDescription, SettingEngineBuilder,
};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// `send` waits while more than this is not acknowledged.
const FULL_BYTES: usize = 1 << 20;
const MAX_MESSAGE_SIZE: u32 = 256 * 1024;

/// What came, counted where it comes; messages travel on only when somebody answers them.
#[derive(Default)]
pub struct Tally {
    pub messages: AtomicU64,
    pub bytes: AtomicU64,
    pub answered: AtomicBool,
}

/// What happens at an end, in order; the library calls back from tasks of its own.
pub enum News {
    Candidate(String),
    Open,
    Message(BytesMut),
}

struct Handler {
    news: UnboundedSender<News>,
    tally: Arc<Tally>,
    channel: Arc<Mutex<Option<Arc<dyn DataChannel>>>>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        if let Ok(init) = event.candidate.to_json() {
            let _ = self.news.send(News::Candidate(init.candidate));
        }
    }

    async fn on_data_channel(&self, data: Arc<dyn DataChannel>) {
        adopt(data, self.channel.clone(), self.news.clone(), self.tally.clone());
    }
}

fn adopt(
    data: Arc<dyn DataChannel>,
    place: Arc<Mutex<Option<Arc<dyn DataChannel>>>>,
    news: UnboundedSender<News>,
    tally: Arc<Tally>,
) {
    *place.lock().unwrap() = Some(data.clone());
    tokio::spawn(async move {
        while let Some(event) = data.poll().await {
            let one = match event {
                DataChannelEvent::OnOpen => News::Open,
                DataChannelEvent::OnMessage(message) => {
                    tally.messages.fetch_add(1, Ordering::Relaxed);
                    tally.bytes.fetch_add(message.data.len() as u64, Ordering::Relaxed);
                    if !tally.answered.load(Ordering::Relaxed) {
                        continue;
                    }
                    News::Message(message.data)
                }
                DataChannelEvent::OnClose => return,
                _ => continue,
            };
            if news.send(one).is_err() {
                return;
            }
        }
    });
}

pub struct End {
    pub connection: Arc<dyn PeerConnection>,
    channel: Arc<Mutex<Option<Arc<dyn DataChannel>>>>,
    news: UnboundedSender<News>,
    early: Vec<String>, // remote candidates that came before the remote description
    described: bool,
    pub sent: Arc<AtomicU64>,
    pub stop: Arc<AtomicBool>,
    pub tally: Arc<Tally>,
}

impl End {
    pub async fn new(address: &str, news: UnboundedSender<News>) -> Result<End, Failure> {
        let channel = Arc::new(Mutex::new(None));
        let tally = Arc::new(Tally::default());
        let settings = SettingEngineBuilder::new()
            .with_include_loopback_candidate(true)
            .with_sctp_max_message_size(SctpMaxMessageSize::Bounded(MAX_MESSAGE_SIZE))
            .build();
        let connection = PeerConnectionBuilder::new()
            .with_setting_engine(settings)
            .with_handler(Arc::new(Handler { news: news.clone(), tally: tally.clone(), channel: channel.clone() }))
            .with_udp_addrs(vec![format!("{address}:0")])
            .with_data_channel_send_buffer_limit(FULL_BYTES)
            .build()
            .await?;
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        let (sent, stop) = (Arc::default(), Arc::default());
        Ok(End { connection, channel, news, early: Vec::new(), described: false, sent, stop, tally })
    }

    /// Makes the channel and the offer.
    pub async fn offer(&mut self, command: &Value) -> Result<Value, Failure> {
        let init = RTCDataChannelInit {
            ordered: command["ordered"].as_bool().unwrap_or(true),
            max_retransmits: u16_of(command, "maxRetransmits"),
            ..Default::default()
        };
        let data = self.connection.create_data_channel("bench", Some(init)).await?;
        adopt(data, self.channel.clone(), self.news.clone(), self.tally.clone());
        let offer = self.connection.create_offer(None).await?;
        self.connection.set_local_description(offer.clone()).await?;
        Ok(json!({"type": "offer", "sdp": offer.sdp}))
    }

    /// Sets it; an offer is answered.
    pub async fn remote(&mut self, command: &Value) -> Result<Option<Value>, Failure> {
        let sdp = text_of(command, "sdp").to_string();
        let offered = text_of(command, "type") == "offer";
        let description =
            if offered { RTCSessionDescription::offer(sdp)? } else { RTCSessionDescription::answer(sdp)? };
        self.connection.set_remote_description(description).await?;
        self.described = true;
        for candidate in std::mem::take(&mut self.early) {
            self.candidate(candidate).await?;
        }
        if !offered {
            return Ok(None);
        }
        let answer = self.connection.create_answer(None).await?;
        self.connection.set_local_description(answer.clone()).await?;
        Ok(Some(json!({"type": "answer", "sdp": answer.sdp})))
    }

    pub async fn candidate(&mut self, candidate: String) -> Result<(), Failure> {
        if !self.described {
            self.early.push(candidate);
            return Ok(());
        }
        let init = RTCIceCandidateInit {
            candidate,
            sdp_mid: Some("0".to_string()),
            sdp_mline_index: Some(0),
            ..Default::default()
        };
        Ok(self.connection.add_ice_candidate(init).await?)
    }

    pub fn data(&self) -> Result<Arc<dyn DataChannel>, Failure> {
        Ok(self.channel.lock().unwrap().clone().ok_or("there is no channel yet")?)
    }

    /// Sends until told to stop, in a task of its own.
    pub fn blast(&self, size: usize) -> Result<(), Failure> {
        let (data, sent, stop) = (self.data()?, self.sent.clone(), self.stop.clone());
        let message = vec![0u8; size];
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                if data.send(BytesMut::from(&message[..])).await.is_err() {
                    return;
                }
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
        Ok(())
    }
}
