// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

//! A webrtc-rs peer as a child process of the interop suite: one JSON command a line on stdin, one JSON event a
//! line on stdout (the protocol is in ../../README.md). It is not a test: it judges nothing, it does what it is
//! told and says what happened. This file holds the commands; channel.rs is a data channel. Logs go to stderr.

mod channel;
#[path = "../../str0m/src/protocol.rs"]
mod protocol;

use channel::Channels;
use protocol::*;
use rtc::peer_connection::configuration::setting_engine::SctpMaxMessageSize;
use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::peer_connection::transport::RTCIceCandidateType;
use serde_json::{json, Value};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::watch;
use webrtc::data_channel::{DataChannel, RTCDataChannelInit};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder,
    RTCIceCandidateInit, RTCIceConnectionState, RTCIceGatheringState, RTCIceServer,
    RTCIceTransportPolicy, RTCPeerConnectionIceEvent, RTCPeerConnectionState,
    RTCSessionDescription, SettingEngineBuilder, StatsSelector,
};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// `send` waits while more than this is not acknowledged.
const BUFFER_ROOM: usize = 1 << 20;
/// The library takes 64 KiB by default; the suite's larger messages want this.
const MAX_MESSAGE_SIZE: u32 = 256 * 1024;
/// A description that may not trickle waits at most so long for the last candidate.
const GATHERING_LIMIT: Duration = Duration::from_secs(5);

/// What the library's callbacks and the commands share.
struct Shared {
    connection: OnceLock<Weak<dyn PeerConnection>>,
    channels: Channels,
    created: Instant,
    trickle: bool,
    ufrag: Mutex<String>, // of the local description that was told last
    gathered: watch::Sender<bool>,
    closed: AtomicBool, // told
}

struct Handler(Arc<Shared>);

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_negotiation_needed(&self) {
        emit("negotiation-needed", json!({}));
    }

    async fn on_ice_candidate(&self, event: RTCPeerConnectionIceEvent) {
        match event.candidate.to_json() {
            Ok(init) => self.0.tell_candidate(&init.candidate),
            Err(error) => emit_error("candidate", error),
        }
    }

    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.0.tell_candidate("");
        }
        self.0.gathered.send_replace(state == RTCIceGatheringState::Complete);
    }

    async fn on_ice_connection_state_change(&self, state: RTCIceConnectionState) {
        emit("ice-state", json!({"state": state.to_string()}));
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        if state == RTCPeerConnectionState::Closed {
            return self.0.tell_closed();
        }
        let ms = self.0.created.elapsed().as_micros() as f64 / 1000.0;
        emit("state", json!({"state": state.to_string(), "ms": ms}));
        if state == RTCPeerConnectionState::Connected {
            // The library's own lock is held around this call: what asks it must come later.
            tokio::spawn(tell_selected(self.0.clone()));
        }
    }

    async fn on_data_channel(&self, data: Arc<dyn DataChannel>) {
        let shared = self.0.clone();
        tokio::spawn(async move {
            if let Some(connection) = shared.connection() {
                shared.channels.adopt(connection, data, true, None).await;
            }
        });
    }
}

impl Shared {
    fn connection(&self) -> Option<Arc<dyn PeerConnection>> {
        self.connection.get().and_then(Weak::upgrade)
    }

    // Once: the library does not always tell of the own close.
    fn tell_closed(&self) {
        if !self.closed.swap(true, Ordering::Relaxed) {
            let ms = self.created.elapsed().as_micros() as f64 / 1000.0;
            emit("state", json!({"state": "closed", "ms": ms}));
        }
    }

    fn tell_candidate(&self, candidate: &str) {
        if self.trickle {
            let ufrag = self.ufrag.lock().unwrap().clone();
            emit(
                "candidate",
                json!({"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0,
                       "usernameFragment": ufrag}),
            );
        }
    }
}

async fn tell_selected(shared: Arc<Shared>) {
    let Some(sctp) = (match shared.connection() {
        Some(connection) => connection.sctp().await,
        None => None,
    }) else {
        return;
    };
    let pair = sctp.transport().ice_transport().get_selected_candidate_pair().await;
    let Ok(Some(pair)) = pair else { return };
    let relayed = [pair.local(), pair.remote()]
        .iter()
        .any(|candidate| candidate.typ == RTCIceCandidateType::Relay);
    let text = |candidate: &webrtc::peer_connection::RTCIceCandidate| {
        candidate.to_json().map(|init| init.candidate).unwrap_or_default()
    };
    emit(
        "selected",
        json!({"local": text(pair.local()), "remote": text(pair.remote()),
               "path": if relayed { "relayed" } else { "direct" }}),
    );
}

/// One connection, from create to close.
struct Peer {
    connection: Arc<dyn PeerConnection>,
    shared: Arc<Shared>,
    early: Vec<RTCIceCandidateInit>, // remote candidates that came before the remote description
    remote_set: bool,
    remote_ufrag: String,
}

impl Peer {
    async fn new(config: &Value) -> Result<Peer, Box<dyn std::error::Error>> {
        let strings = |value: &Value| -> Vec<String> {
            let list = value.as_array().cloned().unwrap_or_default();
            list.iter().filter_map(|text| text.as_str().map(str::to_string)).collect()
        };
        let servers = config["iceServers"].as_array().cloned().unwrap_or_default();
        let servers = servers.iter().map(|server| RTCIceServer {
            urls: strings(&server["urls"]),
            username: text_of(server, "username").to_string(),
            credential: text_of(server, "credential").to_string(),
        });
        let policy = match text_of(config, "iceTransportPolicy") {
            "relay" => RTCIceTransportPolicy::Relay,
            _ => RTCIceTransportPolicy::All,
        };
        let shared = Arc::new(Shared {
            connection: OnceLock::new(),
            channels: Channels::default(),
            created: Instant::now(),
            trickle: config["trickle"].as_bool().unwrap_or(true),
            ufrag: Mutex::default(),
            gathered: watch::Sender::new(false),
            closed: AtomicBool::new(false),
        });
        let addresses: Vec<String> = local_addresses()
            .into_iter()
            .map(|ip| std::net::SocketAddr::new(ip, 0).to_string())
            .collect();
        let settings = SettingEngineBuilder::new()
            .with_include_loopback_candidate(true) // of the addresses above, which have it only in need
            .with_sctp_max_message_size(SctpMaxMessageSize::Bounded(MAX_MESSAGE_SIZE))
            .build();
        let connection = PeerConnectionBuilder::new()
            .with_configuration(
                RTCConfigurationBuilder::new()
                    .with_ice_servers(servers.collect())
                    .with_ice_transport_policy(policy)
                    .build(),
            )
            .with_setting_engine(settings)
            .with_handler(Arc::new(Handler(shared.clone())))
            .with_udp_addrs(addresses)
            .with_data_channel_send_buffer_limit(BUFFER_ROOM)
            .build()
            .await?;
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        let _ = shared.connection.set(Arc::downgrade(&connection));
        let (early, remote_ufrag) = (Vec::new(), String::new());
        Ok(Peer { connection, shared, early, remote_set: false, remote_ufrag })
    }

    async fn run(&mut self, command: &Value) -> Outcome {
        match text_of(command, "cmd") {
            "channel" => self.open_channel(command).await,
            "offer" => {
                let ice_restart = command["iceRestart"].as_bool().unwrap_or(false);
                if ice_restart {
                    self.shared.gathered.send_replace(false);
                }
                let options = RTCOfferOptions { ice_restart, ..Default::default() };
                let offer = self.connection.create_offer(Some(options)).await?;
                self.set_local(offer).await
            }
            "remote" => self.remote(text_of(command, "type"), text_of(command, "sdp")).await,
            "candidate" => self.candidate(command).await,
            "send" | "stream" | "close-channel" => Ok(self.shared.channels.queue(command)?),
            "stats" => {
                let report = self.connection.get_stats(Instant::now(), StatsSelector::None).await;
                let entries: serde_json::Map<String, Value> = report
                    .iter()
                    .map(|entry| (entry.id().to_string(), json!(format!("{entry:?}"))))
                    .collect();
                emit("stats", json!({ "report": entries }));
                Ok(())
            }
            other => Err(format!("no such command here: {other:?}").into()),
        }
    }

    async fn open_channel(&mut self, command: &Value) -> Outcome {
        let negotiated = command["negotiated"] == true;
        let agreed_id = if negotiated { u16_of(command, "id") } else { None };
        let init = RTCDataChannelInit {
            ordered: command["ordered"].as_bool().unwrap_or(true),
            max_packet_life_time: u16_of(command, "maxPacketLifeTime"),
            max_retransmits: u16_of(command, "maxRetransmits"),
            protocol: text_of(command, "protocol").to_string(),
            negotiated: agreed_id,
        };
        let label = text_of(command, "label");
        let data = self.connection.create_data_channel(label, Some(init)).await?;
        let connection = self.connection.clone();
        self.shared.channels.adopt(connection, data, false, agreed_id).await;
        Ok(())
    }

    /// Sets what was made and tells it: at once when candidates trickle, else when it holds them all.
    async fn set_local(&mut self, description: RTCSessionDescription) -> Outcome {
        *self.shared.ufrag.lock().unwrap() = ufrag_of(&description.sdp).to_string();
        let kind = description.sdp_type.to_string();
        if self.shared.trickle {
            // Before it is set, so that it comes before the first candidate.
            emit("description", json!({"type": kind, "sdp": description.sdp}));
            return Ok(self.connection.set_local_description(description).await?);
        }
        let mut gathered = self.shared.gathered.subscribe();
        self.connection.set_local_description(description).await?;
        let _ = tokio::time::timeout(GATHERING_LIMIT, gathered.wait_for(|done| *done)).await;
        let local = self.connection.local_description().await.ok_or("closed while gathering")?;
        emit("description", json!({"type": kind, "sdp": local.sdp}));
        Ok(())
    }

    async fn remote(&mut self, kind: &str, sdp: &str) -> Outcome {
        let description = if kind == "offer" {
            RTCSessionDescription::offer(sdp.to_string())?
        } else {
            RTCSessionDescription::answer(sdp.to_string())?
        };
        let ufrag = ufrag_of(sdp).to_string();
        let restart = self.remote_set && ufrag != self.remote_ufrag;
        if restart && kind == "offer" {
            self.shared.gathered.send_replace(false);
        }
        self.connection.set_remote_description(description).await?;
        self.remote_set = true;
        self.remote_ufrag = ufrag;
        for candidate in std::mem::take(&mut self.early) {
            self.connection.add_ice_candidate(candidate).await?;
        }
        if kind == "offer" {
            let answer = self.connection.create_answer(None).await?;
            self.set_local(answer).await?;
        }
        Ok(())
    }

    async fn candidate(&mut self, command: &Value) -> Outcome {
        let line = text_of(command, "candidate");
        if line.is_empty() {
            return Ok(()); // the library has no end of candidates
        }
        let candidate = RTCIceCandidateInit {
            candidate: line.to_string(),
            sdp_mid: command["sdpMid"].as_str().map(str::to_string),
            sdp_mline_index: u16_of(command, "sdpMLineIndex"),
            username_fragment: command["usernameFragment"].as_str().map(str::to_string),
            url: None,
        };
        if !self.remote_set {
            self.early.push(candidate);
            return Ok(());
        }
        Ok(self.connection.add_ice_candidate(candidate).await?)
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let version = locked_version(include_str!("../Cargo.lock"), "webrtc");
    emit("ready", json!({"peer": "webrtc-rs", "version": version}));

    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut peer: Option<Peer> = None;
    while let Ok(Some(line)) = lines.next_line().await {
        if line.trim().is_empty() {
            continue;
        }
        let command: Value = match serde_json::from_str(&line) {
            Ok(command) => command,
            Err(error) => {
                emit_error("", error);
                continue;
            }
        };
        let name = text_of(&command, "cmd");
        if let "create" | "close" | "quit" = name {
            if let Some(old) = peer.take() {
                if let Err(error) = old.connection.close().await {
                    emit_error("close", error);
                }
                old.shared.tell_closed();
            }
        }
        match (name, &mut peer) {
            ("quit", _) => break,
            ("close", _) => {}
            ("create", _) => match Peer::new(&command["config"]).await {
                Ok(made) => peer = Some(made),
                Err(error) => emit_error(name, error),
            },
            (_, None) => emit_error(name, "no connection: create comes first"),
            (_, Some(peer)) => {
                if let Err(error) = peer.run(&command).await {
                    emit_error(name, error);
                }
            }
        }
    }
    if let Some(peer) = peer {
        let _ = peer.connection.close().await;
    }
    // Not by returning: the runtime would wait for a read of stdin that nothing ends but the process.
    std::process::exit(0);
}
