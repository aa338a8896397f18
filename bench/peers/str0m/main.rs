// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

//! str0m as a peer of the bench (the protocol is in ../README.md): the loop of the library's own examples, a blocking read
//! with a time limit, and no runtime. Built by tests/interop/peers/str0m. end.rs is an end of a connection.

#[path = "../rust/common.rs"]
mod common;
mod end;
#[allow(dead_code)] // it serves the interop suite first
#[path = "../../../tests/interop/peers/str0m/src/protocol.rs"]
mod protocol;

use common::{mark, Counters, Trips};
use end::{End, Failure, News};
use protocol::{emit, emit_error, locked_version, text_of};
use serde_json::{json, Value};
use std::io::BufRead;
use std::net::{IpAddr, UdpSocket};
use std::sync::mpsc::{channel, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const MAX_DATAGRAM: usize = 2000;
/// Messages handed over before the packets that they make are sent.
const MESSAGES_A_TURN: usize = 16;
const OPEN_LIMIT: Duration = Duration::from_secs(20);
const IDLE_LOOK: Duration = Duration::from_millis(5);

/// The socket that wakes the loop when a command came: an empty datagram to itself.
type Wake = Arc<Mutex<Option<Arc<UdpSocket>>>>;

#[derive(Default)]
struct Bench {
    end: Option<End>,
    counters: Counters,
    echo: bool,
    trips: Option<Trips>,
    blast: Option<Vec<u8>>,
    full: bool,
    open: bool,
    pairs: Vec<[End; 2]>,
}

fn address_of(command: &Value) -> IpAddr {
    text_of(command, "address").parse().unwrap_or(IpAddr::from([127, 0, 0, 1]))
}

impl Bench {
    fn run(&mut self, command: &Value, started: Instant, wake: &Wake) -> Result<(), Failure> {
        match text_of(command, "cmd") {
            "create" => {
                let mut end = End::new(address_of(command))?;
                *wake.lock().unwrap() = Some(end.socket.clone());
                if command["offer"] == true {
                    emit("description", End::describe("offer", &end.offer(command)?));
                }
                self.end = Some(end);
            }
            "remote" => {
                let end = self.end.as_mut().ok_or("create comes first")?;
                if let Some(answer) = end.remote(text_of(command, "type"), text_of(command, "sdp"))? {
                    emit("description", End::describe("answer", &answer));
                }
            }
            "candidate" => {} // none of its own kind trickles
            "echo" => self.echo = true,
            "blast" => self.blast = Some(vec![0; command["size"].as_u64().unwrap_or(0) as usize]),
            "stop" => {
                self.blast = None;
                emit("stopped", json!({"messages": self.counters.sent}));
            }
            "mark" => emit("mark", mark(command, started, self.counters)),
            "ping" => {
                let mut trips = Trips::new(command);
                trips.start();
                let end = self.end.as_mut().ok_or("create comes first")?;
                end.send(&trips.message);
                self.trips = Some(trips);
            }
            "connect" => {
                let mut ms = Vec::new();
                for _ in 0..command["runs"].as_u64().unwrap_or(0) {
                    let start = Instant::now();
                    make_pair(address_of(command))?;
                    ms.push((start.elapsed().as_secs_f64() * 1e5).round() / 100.0);
                }
                emit("connected", json!({ "ms": ms }));
            }
            "pairs" => {
                for _ in 0..command["count"].as_u64().unwrap_or(0) {
                    self.pairs.push(make_pair(address_of(command))?);
                    self.look_after_pairs();
                }
                emit("paired", json!({"pairs": self.pairs.len()}));
            }
            other => return Err(format!("no such command here: {other:?}").into()),
        }
        Ok(())
    }

    /// Lets the library and the sender run until both wait; when to tick.
    fn drive(&mut self) -> Result<Instant, Failure> {
        let Some(end) = &mut self.end else { return Ok(Instant::now() + Duration::from_secs(3600)) };
        loop {
            let mut echoes = Vec::new();
            let until = end.poll(|news| match news {
                News::Open => self.open = true,
                News::Low => self.full = false,
                News::Message(data) => {
                    self.counters.messages += 1;
                    self.counters.bytes += data.len() as u64;
                    if self.echo || self.trips.is_some() {
                        echoes.push(data);
                    }
                }
            })?;
            if std::mem::take(&mut self.open) {
                emit("open", json!({}));
            }
            let mut sent = false;
            for data in echoes {
                if self.echo {
                    sent |= end.send(&data);
                } else if let Some(trips) = &mut self.trips {
                    match trips.finish() {
                        Some(figures) => {
                            emit("pinged", figures);
                            self.trips = None;
                        }
                        None => {
                            trips.start();
                            sent |= end.send(&trips.message);
                        }
                    }
                }
            }
            if let Some(message) = self.blast.as_ref().filter(|_| !self.full) {
                for _ in 0..MESSAGES_A_TURN {
                    if !end.send(message) {
                        self.full = true;
                        break;
                    }
                    self.counters.sent += 1;
                    sent = true;
                }
            }
            if !sent {
                return Ok(until);
            }
            if self.blast.is_some() && !self.full {
                return Ok(Instant::now()); // packets and commands have their turn too
            }
        }
    }

    /// Idle pairs: their consent checks and heartbeats.
    fn look_after_pairs(&mut self) {
        for pair in &mut self.pairs {
            for end in pair {
                let _ = turn(end);
            }
        }
    }
}

/// One turn of an end whose socket does not block; whether its channel opened in it.
fn turn(end: &mut End) -> Result<bool, Failure> {
    let mut buffer = [0; MAX_DATAGRAM];
    while let Ok((size, source)) = end.socket.recv_from(&mut buffer) {
        end.receive(source, &buffer[..size]);
    }
    let mut opened = false;
    let until = end.poll(|news| opened |= matches!(news, News::Open))?;
    if until <= Instant::now() {
        end.tick();
    }
    Ok(opened)
}

/// Two ends on this thread, both sockets looked at in turn; done when the channel is open at both.
fn make_pair(address: IpAddr) -> Result<[End; 2], Failure> {
    let mut pair = [End::new(address)?, End::new(address)?];
    for end in &mut pair {
        end.block(false)?;
    }
    let offer = pair[0].offer(&json!({}))?;
    let answer = pair[1].remote("offer", &offer)?.ok_or("no answer")?;
    pair[0].remote("answer", &answer)?;
    let late = Instant::now() + OPEN_LIMIT;
    let mut open = [false; 2];
    while open != [true; 2] {
        if Instant::now() > late {
            return Err("a pair did not open in time".into());
        }
        for (end, open) in pair.iter_mut().zip(&mut open) {
            *open |= turn(end)?;
        }
    }
    Ok(pair)
}

/// Commands from stdin, each with a wake-up for whoever waits for a packet.
fn read_commands(wake: Wake) -> Receiver<Value> {
    let (sender, commands) = channel();
    // Not joined: it may wait in a read of stdin that nothing ends but the process.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let command: Value = serde_json::from_str(&line).unwrap_or_default();
            if sender.send(command).is_err() {
                return;
            }
            if let Some(socket) = wake.lock().unwrap().as_ref() {
                let _ = socket.local_addr().and_then(|own| socket.send_to(&[], own));
            }
        }
        std::process::exit(0);
    });
    commands
}

/// Waits for a packet, for the time, or for a command.
fn wait(end: &mut End, until: Instant) -> Result<(), Failure> {
    let left = until.saturating_duration_since(Instant::now());
    let mut buffer = [0; MAX_DATAGRAM];
    // Nothing to wait for: only what is there already.
    end.block(!left.is_zero())?;
    if !left.is_zero() {
        end.socket.set_read_timeout(Some(left))?;
    }
    match end.socket.recv_from(&mut buffer) {
        Ok((0, _)) => {}
        Ok((size, source)) => end.receive(source, &buffer[..size]),
        Err(_) => end.tick(),
    }
    Ok(())
}

fn main() {
    let version = locked_version(include_str!("../../../tests/interop/peers/str0m/Cargo.lock"), "str0m");
    emit("ready", json!({"peer": "str0m", "version": version}));
    let started = Instant::now();
    let wake = Wake::default();
    let commands = read_commands(wake.clone());
    let mut bench = Bench::default();
    loop {
        let until = match bench.drive() {
            Ok(until) => until,
            Err(error) => {
                emit_error("", error);
                bench.end = None;
                continue;
            }
        };
        let command = match &mut bench.end {
            Some(end) => match commands.try_recv() {
                Ok(command) => Some(command),
                Err(_) => {
                    if let Err(error) = wait(end, until) {
                        emit_error("", error);
                    }
                    None
                }
            },
            None => {
                bench.look_after_pairs();
                commands.recv_timeout(IDLE_LOOK).ok()
            }
        };
        let Some(command) = command else { continue };
        if command["cmd"] == "quit" {
            return;
        }
        if let Err(error) = bench.run(&command, started, &wake) {
            emit_error(text_of(&command, "cmd"), error);
        }
        if let Some(end) = &mut bench.end {
            end.tick(); // what was asked may want to be sent at once
        }
    }
}
