// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

//! Data channels: one task a channel tells what comes in, another does what was asked, in order.

use crate::protocol::*;
use bytes::BytesMut;
use serde_json::{json, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use webrtc::data_channel::{DataChannel, DataChannelEvent, RTCDataChannelState};
use webrtc::peer_connection::{PeerConnection, StatsSelector};

/// Commands that may wait for a channel to open or to have room.
const MAX_WORK: usize = 4096;

#[derive(Default, Clone)]
pub struct Channels(Arc<Mutex<HashMap<String, mpsc::Sender<Value>>>>);

impl Channels {
    pub async fn adopt(
        &self,
        connection: Arc<dyn PeerConnection>,
        data: Arc<dyn DataChannel>,
        announced: bool,
        agreed_id: Option<u16>,
    ) {
        let label = data.label().await.unwrap_or_default();
        if announced {
            emit(
                "channel",
                json!({"label": label, "id": stream_id(&connection, &label).await,
                       "ordered": data.ordered().await.unwrap_or_default(),
                       "maxRetransmits": data.max_retransmits().await.unwrap_or_default(),
                       "maxPacketLifeTime": data.max_packet_life_time().await.unwrap_or_default(),
                       "protocol": data.protocol().await.unwrap_or_default(),
                       "negotiated": data.negotiated().await.unwrap_or_default()}),
            );
        }
        let (sender, work) = mpsc::channel(MAX_WORK);
        let (open, opened) = watch::channel(false);
        self.0.lock().unwrap().insert(label.clone(), sender.clone());
        tokio::spawn(serve(data.clone(), work, opened));
        let channels = self.clone();
        // A negotiated channel made on a living connection is open from the start, and no event says so.
        let open_already = !announced && matches!(data.ready_state().await, Ok(RTCDataChannelState::Open));
        if open_already {
            emit("open", json!({"label": label, "id": agreed_id}));
            open.send_replace(true);
        }
        let connection = Arc::downgrade(&connection);
        tokio::spawn(async move {
            while let Some(event) = data.poll().await {
                match event {
                    DataChannelEvent::OnOpen if open_already => {}
                    DataChannelEvent::OnOpen => {
                        let id = match connection.upgrade() {
                            _ if agreed_id.is_some() => agreed_id,
                            Some(connection) => stream_id(&connection, &label).await,
                            None => None,
                        };
                        emit("open", json!({"label": label, "id": id}));
                        open.send_replace(true);
                    }
                    DataChannelEvent::OnMessage(message) => {
                        emit_message(&label, !message.is_string, &message.data);
                    }
                    DataChannelEvent::OnError => emit_error("", format!("channel {label:?}")),
                    DataChannelEvent::OnClose => break,
                    _ => {}
                }
            }
            emit("channel-closed", json!({"label": label}));
            let mut all = channels.0.lock().unwrap();
            if all.get(&label).is_some_and(|current| current.same_channel(&sender)) {
                all.remove(&label);
            }
        });
    }

    pub fn queue(&self, command: &Value) -> Result<(), String> {
        let label = text_of(command, "label");
        let all = self.0.lock().unwrap();
        let channel = all.get(label).ok_or_else(|| format!("no channel {label:?}"))?;
        channel.try_send(command.clone()).map_err(|error| error.to_string())
    }
}

/// The stream id, which the library tells in its statistics only.
async fn stream_id(connection: &Arc<dyn PeerConnection>, label: &str) -> Option<u16> {
    let report = connection.get_stats(Instant::now(), StatsSelector::None).await;
    let id = report
        .data_channels()
        .find(|channel| channel.label == label)
        .map(|channel| channel.data_channel_identifier);
    id
}

async fn serve(
    data: Arc<dyn DataChannel>,
    mut work: mpsc::Receiver<Value>,
    mut opened: watch::Receiver<bool>,
) {
    while let Some(command) = work.recv().await {
        let name = text_of(&command, "cmd");
        let done = match name {
            "close-channel" => data.close().await.map_err(|error| error.to_string()),
            _ if opened.wait_for(|open| *open).await.is_err() => Err("closed".to_string()),
            "stream" => stream(&data, &command).await,
            _ => {
                let (binary, bytes) = payload(&command);
                send(&data, binary, &bytes).await
            }
        };
        if let Err(error) = done {
            emit_error(name, error);
        }
    }
}

async fn send(data: &Arc<dyn DataChannel>, binary: bool, bytes: &[u8]) -> Result<(), String> {
    let sent = if binary {
        data.send(BytesMut::from(bytes)).await
    } else {
        data.send_text(&String::from_utf8_lossy(bytes)).await
    };
    sent.map_err(|error| error.to_string())
}

async fn stream(data: &Arc<dyn DataChannel>, command: &Value) -> Result<(), String> {
    let count = command["count"].as_u64().unwrap_or(0);
    let size = command["size"].as_u64().unwrap_or(0);
    let interval = command["intervalMs"].as_f64().unwrap_or(0.0).max(0.0) / 1000.0;
    let start = tokio::time::Instant::now();
    for n in 0..count {
        if interval > 0.0 {
            tokio::time::sleep_until(start + Duration::from_secs_f64(interval * n as f64)).await;
        }
        send(data, false, numbered(n, size).as_bytes()).await?;
    }
    emit("streamed", json!({"label": text_of(command, "label"), "count": count}));
    Ok(())
}
