// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

//! One connection, from create to close. str0m does no I/O: the sockets, the clock and the queues of what waits
//! to be sent are here; the loop in main.rs drives them.

use crate::protocol::*;
use crate::Input;
use serde_json::{json, Value};
use std::collections::{HashMap, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, IceConnectionState, Output, Rtc};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// What str0m may hold of ours unacknowledged; a message must fit in it whole.
const BUFFER_ROOM: usize = 4 << 20;
/// How often str0m tells its statistics; also how soon the chosen pair is known.
const STATS_INTERVAL: Duration = Duration::from_millis(250);
/// The largest datagram that is read: more than any MTU here.
const MAX_DATAGRAM: usize = 4096;

enum Work {
    Message { binary: bool, data: Vec<u8> },
    Stream { next: u64, count: u64, size: u64, interval: Duration, start: Option<Instant> },
    Close,
}

struct Channel {
    label: String,
    open: bool,
    work: VecDeque<Work>,
}

struct Socket {
    socket: Arc<UdpSocket>,
    address: SocketAddr,
    reader: Option<JoinHandle<()>>,
}

pub struct Peer {
    rtc: Rtc,
    sockets: Vec<Socket>,
    stop: Arc<AtomicBool>,
    generation: u64,
    created: Instant,
    trickle: bool,
    pending: Option<SdpPendingOffer>,
    negotiated: bool,
    waiting: Vec<ChannelConfig>, // channels made before str0m can take them
    channels: HashMap<ChannelId, Channel>,
    remote_candidates: Vec<Candidate>,
    early: Vec<Candidate>, // remote candidates that came before the remote description
    pair: Option<(SocketAddr, SocketAddr)>,
    report: Option<Value>,
    stats_wanted: bool,
    over: bool,
}

impl Peer {
    pub fn new(config: &Value, generation: u64, inputs: &SyncSender<Input>) -> std::io::Result<Peer> {
        let created = Instant::now();
        let mut rtc = Rtc::builder()
            .clear_codecs()
            .set_stats_interval(Some(STATS_INTERVAL))
            .set_sctp_max_buffered_amount(BUFFER_ROOM)
            .build(created);
        let stop = Arc::new(AtomicBool::new(false));
        let mut sockets = Vec::new();
        // str0m leaves STUN and TURN to its caller, and this caller has neither: relay means no candidate at all.
        let addresses =
            if config["iceTransportPolicy"] == "relay" { Vec::new() } else { local_addresses() };
        for ip in addresses {
            let socket = Arc::new(UdpSocket::bind((ip, 0))?);
            let address = socket.local_addr()?;
            if let Ok(candidate) = Candidate::host(address, "udp") {
                rtc.add_local_candidate(candidate);
            }
            let (from, stop, inputs) = (socket.clone(), stop.clone(), inputs.clone());
            let reader = std::thread::spawn(move || {
                let mut buffer = [0; MAX_DATAGRAM];
                while let Ok((size, source)) = from.recv_from(&mut buffer) {
                    let data = buffer[..size].to_vec();
                    let packet = Input::Packet { generation, source, destination: address, data };
                    if stop.load(Ordering::Acquire) {
                        return;
                    }
                    // Dropped when too many wait, as a full socket buffer does: the loop may be joining us.
                    if let Err(TrySendError::Disconnected(_)) = inputs.try_send(packet) {
                        return;
                    }
                }
            });
            sockets.push(Socket { socket, address, reader: Some(reader) });
        }
        Ok(Peer {
            rtc,
            sockets,
            stop,
            generation,
            created,
            trickle: config["trickle"].as_bool().unwrap_or(true),
            pending: None,
            negotiated: false,
            waiting: Vec::new(),
            channels: HashMap::new(),
            remote_candidates: Vec::new(),
            early: Vec::new(),
            pair: None,
            report: None,
            stats_wanted: false,
            over: false,
        })
    }

    pub fn run(&mut self, command: &Value) -> Outcome {
        let label = text_of(command, "label");
        match text_of(command, "cmd") {
            "channel" => self.open_channel(command),
            "offer" => self.offer(command["iceRestart"].as_bool().unwrap_or(false)),
            "remote" => self.remote(text_of(command, "type"), text_of(command, "sdp")),
            "candidate" => self.candidate(text_of(command, "candidate")),
            "send" => {
                let (binary, data) = payload(command);
                // str0m numbers an empty message and sends nothing: an ordered channel is stuck from there on.
                if data.is_empty() && std::env::var_os("PAIRWIRE_SEND_EMPTY").is_none() {
                    return Err("str0m cannot send an empty message, see the README".into());
                }
                self.queue(label, Work::Message { binary, data })
            }
            "stream" => self.queue(
                label,
                Work::Stream {
                    next: 0,
                    count: command["count"].as_u64().unwrap_or(0),
                    size: command["size"].as_u64().unwrap_or(0),
                    interval: Duration::from_secs_f64(
                        command["intervalMs"].as_f64().unwrap_or(0.0).max(0.0) / 1000.0,
                    ),
                    start: None,
                },
            ),
            "close-channel" => self.queue(label, Work::Close),
            "stats" => {
                self.stats_wanted = true;
                self.tell_stats();
                Ok(())
            }
            other => Err(format!("no such command here: {other:?}").into()),
        }
    }

    pub fn receive(&mut self, generation: u64, source: SocketAddr, to: SocketAddr, data: &[u8]) {
        if generation != self.generation || self.over {
            return;
        }
        let Ok(received) = Receive::new(Protocol::Udp, source, to, data) else {
            return; // no protocol of WebRTC: nothing of ours
        };
        self.input(str0m::Input::Receive(Instant::now(), received));
    }

    pub fn tick(&mut self) {
        self.input(str0m::Input::Timeout(Instant::now()));
    }

    fn input(&mut self, input: str0m::Input) {
        if let Err(error) = self.rtc.handle_input(input) {
            self.fail(&error);
        }
    }

    /// Lets str0m and the waiting work run until both wait. Returns when to call `tick`.
    pub fn drive(&mut self) -> Instant {
        loop {
            let timeout = self.poll();
            let (progress, due) = self.work();
            if !progress {
                return due.map_or(timeout, |due| due.min(timeout));
            }
        }
    }

    pub fn close(&mut self) {
        if self.rtc.close().is_ok() {
            self.poll(); // sends the goodbyes
        }
        self.stop.store(true, Ordering::Release);
        for socket in &mut self.sockets {
            let _ = socket.socket.send_to(&[], socket.address); // wakes the reader
            if let Some(reader) = socket.reader.take() {
                let _ = reader.join();
            }
        }
        self.end("closed");
    }

    fn poll(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    if !self.rtc.is_alive() {
                        self.end("closed");
                        return Instant::now() + Duration::from_secs(3600);
                    }
                    return at;
                }
                Ok(Output::Transmit(out)) => {
                    let from = self.sockets.iter().find(|socket| socket.address == out.source);
                    if let Some(from) = from {
                        // UDP may lose it: an address that is not reachable is ICE's to find out.
                        let _ = from.socket.send_to(&out.contents, out.destination);
                    }
                }
                Ok(Output::Event(event)) => self.event(event),
                Err(error) => {
                    self.fail(&error);
                    return Instant::now() + Duration::from_secs(3600);
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Connected => self.state("connected"),
            Event::IceConnectionStateChange(state) => self.ice_state(state),
            Event::ChannelOpen(id, label) => self.channel_open(id, label),
            Event::ChannelData(data) => {
                if let Some(channel) = self.channels.get(&data.id) {
                    emit_message(&channel.label, data.binary, &data.data);
                }
            }
            Event::ChannelClose(id) => {
                if let Some(channel) = self.channels.remove(&id) {
                    emit("channel-closed", json!({"label": channel.label}));
                }
            }
            Event::PeerStats(stats) => {
                if let Some(pair) = &stats.selected_candidate_pair {
                    self.selected(pair.local.addr, pair.remote.addr);
                }
                self.report = Some(json!({
                    "bytesReceived": stats.peer_bytes_rx,
                    "bytesSent": stats.peer_bytes_tx,
                    "pair": stats.selected_candidate_pair.as_ref().map(|pair| format!("{pair:?}")),
                }));
                self.tell_stats();
            }
            Event::Closed => self.end("closed"),
            _ => {}
        }
    }

    fn ice_state(&mut self, state: IceConnectionState) {
        let name = match state {
            IceConnectionState::New => "new",
            IceConnectionState::Checking => "checking",
            IceConnectionState::Connected => "connected",
            IceConnectionState::Completed => "completed",
            IceConnectionState::Disconnected => "disconnected",
        };
        emit("ice-state", json!({"state": name}));
        match state {
            IceConnectionState::Checking if !self.rtc.is_connected() => self.state("connecting"),
            IceConnectionState::Disconnected => self.state("disconnected"),
            IceConnectionState::Connected | IceConnectionState::Completed
                if self.rtc.is_connected() =>
            {
                self.state("connected")
            }
            _ => {}
        }
    }

    fn state(&self, state: &str) {
        let ms = self.created.elapsed().as_micros() as f64 / 1000.0;
        emit("state", json!({"state": state, "ms": ms}));
    }

    fn fail(&mut self, error: &dyn std::error::Error) {
        emit_error("", error);
        self.rtc.disconnect();
        self.end("failed");
    }

    /// Tells the end of the connection and of its channels, once.
    fn end(&mut self, state: &str) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        for (_, channel) in self.channels.drain() {
            emit("channel-closed", json!({"label": channel.label}));
        }
        self.state(state);
    }

    fn selected(&mut self, local: SocketAddr, remote: SocketAddr) {
        if self.pair.replace((local, remote)) == Some((local, remote)) {
            return;
        }
        let known = self.remote_candidates.iter().find(|candidate| candidate.addr() == remote);
        let text = |kind: &str, address: SocketAddr| {
            format!("candidate:0 1 udp 0 {} {} typ {kind}", address.ip(), address.port())
        };
        let relayed = known.is_some_and(|candidate| candidate.kind().to_string() == "relay");
        emit(
            "selected",
            json!({
                "local": text("host", local),
                "remote": known.map_or_else(|| text("prflx", remote), |candidate| candidate.to_sdp_string()),
                "path": if relayed { "relayed" } else { "direct" },
            }),
        );
    }

    fn tell_stats(&mut self) {
        if let Some(report) = self.report.as_ref().filter(|_| self.stats_wanted) {
            emit("stats", json!({ "report": report }));
            self.stats_wanted = false;
        }
    }

    fn open_channel(&mut self, command: &Value) -> Outcome {
        let reliability = match (u16_of(command, "maxRetransmits"), u16_of(command, "maxPacketLifeTime")) {
            (Some(retransmits), _) => Reliability::MaxRetransmits { retransmits },
            (_, Some(lifetime)) => Reliability::MaxPacketLifetime { lifetime },
            _ => Reliability::Reliable,
        };
        let negotiated = if command["negotiated"] == true {
            Some(u16_of(command, "id").ok_or("a negotiated channel needs an id")?)
        } else {
            None
        };
        self.waiting.push(ChannelConfig {
            label: text_of(command, "label").to_string(),
            ordered: command["ordered"].as_bool().unwrap_or(true),
            reliability,
            negotiated,
            protocol: text_of(command, "protocol").to_string(),
        });
        self.take_channels()
    }

    /// Hands waiting channels to str0m, which takes them without an offer once one was answered.
    fn take_channels(&mut self) -> Outcome {
        if !self.negotiated || self.pending.is_some() || self.waiting.is_empty() {
            return Ok(());
        }
        let mut api = self.rtc.sdp_api();
        for config in self.waiting.drain(..) {
            let channel = Channel::of(&config);
            self.channels.insert(api.add_channel_with_config(config), channel);
        }
        match api.apply() {
            None => Ok(()),
            Some(_) => Err("str0m wants an offer for a further channel".into()),
        }
    }

    fn offer(&mut self, ice_restart: bool) -> Outcome {
        let mut api = self.rtc.sdp_api();
        if !self.negotiated {
            for config in self.waiting.drain(..) {
                let channel = Channel::of(&config);
                self.channels.insert(api.add_channel_with_config(config), channel);
            }
        }
        if ice_restart {
            api.ice_restart(true);
        }
        let (offer, pending) = api.apply().ok_or("str0m has nothing to negotiate")?;
        self.pending = Some(pending);
        self.describe("offer", &offer.to_sdp_string());
        Ok(())
    }

    fn remote(&mut self, kind: &str, sdp: &str) -> Outcome {
        if kind == "offer" {
            self.pending = None;
            let answer = self.rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(sdp)?)?;
            self.describe("answer", &answer.to_sdp_string());
        } else {
            let pending = self.pending.take().ok_or("an answer to no offer")?;
            self.rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(sdp)?)?;
        }
        self.negotiated = true;
        for line in split_candidates(sdp).1 {
            self.remote_candidates.extend(Candidate::from_sdp_string(&line));
        }
        for candidate in std::mem::take(&mut self.early) {
            self.rtc.add_remote_candidate(candidate);
        }
        self.take_channels()
    }

    fn describe(&self, kind: &str, sdp: &str) {
        if !self.trickle {
            emit("description", json!({"type": kind, "sdp": sdp}));
            return;
        }
        let (rest, candidates) = split_candidates(sdp);
        emit("description", json!({"type": kind, "sdp": rest}));
        let mid = sdp.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap_or("0");
        for candidate in candidates.iter().map(String::as_str).chain([""]) {
            emit(
                "candidate",
                json!({"candidate": candidate, "sdpMid": mid, "sdpMLineIndex": 0,
                       "usernameFragment": ufrag_of(sdp)}),
            );
        }
    }

    fn candidate(&mut self, line: &str) -> Outcome {
        if line.is_empty() {
            return Ok(()); // str0m has no end of candidates
        }
        let candidate = match Candidate::from_sdp_string(line) {
            Ok(candidate) => candidate,
            Err(error) => {
                // A name instead of an address, for one: str0m does not resolve, others may come.
                eprintln!("str0m: passed over {line:?}: {error}");
                return Ok(());
            }
        };
        self.remote_candidates.push(candidate.clone());
        // The remote description may be an earlier one's; then str0m sorts them out by their ufrag.
        if self.negotiated {
            self.rtc.add_remote_candidate(candidate);
        } else {
            self.early.push(candidate);
        }
        Ok(())
    }

    fn channel_open(&mut self, id: ChannelId, label: String) {
        let stream = self.rtc.direct_api().sctp_stream_id_by_channel_id(id);
        if !self.channels.contains_key(&id) {
            let config = self.rtc.channel(id).and_then(|channel| channel.config().cloned());
            let config = config.unwrap_or(ChannelConfig { label: label.clone(), ..Default::default() });
            let (retransmits, lifetime) = match config.reliability {
                Reliability::Reliable => (None, None),
                Reliability::MaxRetransmits { retransmits } => (Some(retransmits), None),
                Reliability::MaxPacketLifetime { lifetime } => (None, Some(lifetime)),
            };
            emit(
                "channel",
                json!({"label": label, "id": stream, "ordered": config.ordered,
                       "maxRetransmits": retransmits, "maxPacketLifeTime": lifetime,
                       "protocol": config.protocol, "negotiated": config.negotiated.is_some()}),
            );
            self.channels.insert(id, Channel::of(&config));
        }
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.open = true;
            emit("open", json!({"label": channel.label, "id": stream}));
        }
    }

    fn queue(&mut self, label: &str, work: Work) -> Outcome {
        let channel = self.channels.values_mut().find(|channel| channel.label == label);
        channel.ok_or_else(|| format!("no channel {label:?}"))?.work.push_back(work);
        Ok(())
    }

    /// Does what can be done now. Returns whether something was, and when the next of a stream is due.
    fn work(&mut self) -> (bool, Option<Instant>) {
        let (mut progress, mut due) = (false, None);
        let now = Instant::now();
        let ids: Vec<ChannelId> = self.channels.keys().copied().collect();
        for id in ids {
            let Some(channel) = self.channels.get_mut(&id) else { continue };
            let Some(work) = channel.work.front_mut() else { continue };
            if let Work::Close = work {
                channel.work.clear();
                self.rtc.direct_api().close_data_channel(id);
                progress = true;
                continue;
            }
            if !channel.open {
                continue;
            }
            let Some(mut handle) = self.rtc.channel(id) else { continue };
            let (written, last) = match work {
                Work::Message { data, .. } if data.len() > BUFFER_ROOM => {
                    (Err("larger than the send buffer".to_string()), true)
                }
                Work::Message { binary, data } => {
                    (handle.write(*binary, data).map_err(|e| e.to_string()), true)
                }
                Work::Stream { next, count, size, interval, start } => {
                    let at = *start.get_or_insert(now) + *interval * (*next as u32);
                    if *next < *count && at > now {
                        due = Some(due.map_or(at, |other: Instant| other.min(at)));
                        continue;
                    }
                    let text = numbered(*next, *size);
                    let written = if *next < *count {
                        handle.write(false, text.as_bytes()).map_err(|e| e.to_string())
                    } else {
                        Ok(true)
                    };
                    if let Ok(true) = written {
                        *next += 1;
                    }
                    if *next >= *count {
                        emit("streamed", json!({"label": channel.label, "count": count}));
                    }
                    (written, *next >= *count)
                }
                Work::Close => unreachable!("done above"),
            };
            match written {
                Ok(false) => continue, // no room: when there is, a packet comes in and we are here again
                Ok(true) if !last => {}
                Ok(true) => drop(channel.work.pop_front()),
                Err(error) => {
                    emit_error("send", error);
                    channel.work.pop_front();
                }
            }
            progress = true;
        }
        (progress, due)
    }
}

impl Channel {
    fn of(config: &ChannelConfig) -> Channel {
        Channel { label: config.label.clone(), open: false, work: VecDeque::new() }
    }
}
