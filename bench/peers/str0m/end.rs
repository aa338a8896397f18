// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

//! One end of a connection with one channel. str0m does no I/O: each end has a socket of its own, and whoever owns the end
//! reads it and keeps its time.

use crate::protocol::{split_candidates, u16_of};
use serde_json::{json, Value};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Instant;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Output, Rtc};

pub type Failure = Box<dyn std::error::Error>;

/// The library's own default is 128 KiB, "about so many bytes per round trip"; its documentation says to raise it.
const FULL_BYTES: usize = 1 << 20;
const LOW_BYTES: usize = 256 << 10;

/// What came of a turn.
pub enum News {
    Open,
    Message(Vec<u8>),
    Low,
}

pub struct End {
    rtc: Rtc,
    pub socket: Arc<UdpSocket>,
    pub address: SocketAddr,
    pending: Option<SdpPendingOffer>,
    channel: Option<ChannelId>,
    over: bool,
    blocks: bool,
}

impl End {
    pub fn new(address: IpAddr) -> Result<End, Failure> {
        let mut rtc =
            Rtc::builder().clear_codecs().set_sctp_max_buffered_amount(FULL_BYTES).build(Instant::now());
        let socket = Arc::new(UdpSocket::bind((address, 0))?);
        let address = socket.local_addr()?;
        rtc.add_local_candidate(Candidate::host(address, "udp")?);
        Ok(End { rtc, socket, address, pending: None, channel: None, over: false, blocks: true })
    }

    /// Makes the channel and the offer.
    pub fn offer(&mut self, command: &Value) -> Result<String, Failure> {
        let reliability = match u16_of(command, "maxRetransmits") {
            Some(retransmits) => Reliability::MaxRetransmits { retransmits },
            None => Reliability::Reliable,
        };
        let mut api = self.rtc.sdp_api();
        let id = api.add_channel_with_config(ChannelConfig {
            label: "bench".to_string(),
            ordered: command["ordered"].as_bool().unwrap_or(true),
            reliability,
            negotiated: None,
            protocol: String::new(),
        });
        let (offer, pending) = api.apply().ok_or("nothing to offer")?;
        self.channel = Some(id);
        self.pending = Some(pending);
        Ok(offer.to_sdp_string())
    }

    /// Sets it; an offer is answered.
    pub fn remote(&mut self, kind: &str, sdp: &str) -> Result<Option<String>, Failure> {
        let answer = if kind == "offer" {
            Some(self.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(sdp)?)?.to_sdp_string())
        } else {
            let pending = self.pending.take().ok_or("an answer to no offer")?;
            self.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(sdp)?)?;
            None
        };
        for line in split_candidates(sdp).1 {
            self.rtc.add_remote_candidate(Candidate::from_sdp_string(&line)?);
        }
        Ok(answer)
    }

    /// Whether reads of the socket wait.
    pub fn block(&mut self, blocks: bool) -> std::io::Result<()> {
        if std::mem::replace(&mut self.blocks, blocks) != blocks {
            self.socket.set_nonblocking(!blocks)?;
        }
        Ok(())
    }

    pub fn receive(&mut self, source: SocketAddr, data: &[u8]) {
        if let Ok(received) = Receive::new(Protocol::Udp, source, self.address, data) {
            self.over |= self.rtc.handle_input(str0m::Input::Receive(Instant::now(), received)).is_err();
        }
    }

    pub fn tick(&mut self) {
        self.over |= self.rtc.handle_input(str0m::Input::Timeout(Instant::now())).is_err();
    }

    /// Sends what is to be sent and hands over what happened, until the library waits; when to `tick`.
    pub fn poll(&mut self, mut tell: impl FnMut(News)) -> Result<Instant, Failure> {
        loop {
            if self.over || !self.rtc.is_alive() {
                return Err("the connection is over".into());
            }
            match self.rtc.poll_output()? {
                Output::Timeout(at) => return Ok(at),
                // A full socket buffer loses it, as the network may.
                Output::Transmit(out) => drop(self.socket.send_to(&out.contents, out.destination)),
                Output::Event(Event::ChannelOpen(id, _)) => {
                    self.channel = Some(id);
                    if let Some(mut channel) = self.rtc.channel(id) {
                        channel.set_buffered_amount_low_threshold(LOW_BYTES);
                    }
                    tell(News::Open);
                }
                Output::Event(Event::ChannelData(data)) => tell(News::Message(data.data)),
                Output::Event(Event::ChannelBufferedAmountLow(_)) => tell(News::Low),
                Output::Event(_) => {}
            }
        }
    }

    /// False when there is no room.
    pub fn send(&mut self, message: &[u8]) -> bool {
        match self.channel.and_then(|id| self.rtc.channel(id)) {
            Some(mut channel) => channel.write(true, message).unwrap_or(false),
            None => false,
        }
    }

    pub fn describe(kind: &str, sdp: &str) -> Value {
        json!({"type": kind, "sdp": sdp})
    }
}
