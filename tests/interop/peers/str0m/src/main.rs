// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

//! A str0m peer as a child process of the interop suite: one JSON command a line on stdin, one JSON event a line
//! on stdout (the protocol is in ../../README.md). It is not a test: it judges nothing, it does what it is told
//! and says what happened. This file is the loop; peer.rs is the connection. Logs go to stderr.

mod peer;
mod protocol;

use peer::Peer;
use protocol::{emit, emit_error, locked_version, text_of};
use serde_json::{json, Value};
use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::mpsc::{sync_channel, RecvTimeoutError};
use std::time::{Duration, Instant};

pub enum Input {
    Line(String),
    End,
    Packet { generation: u64, source: SocketAddr, destination: SocketAddr, data: Vec<u8> },
}

/// Packets and lines that may wait; a packet beyond it is dropped.
const MAX_WAITING: usize = 1024;

fn main() {
    let version = locked_version(include_str!("../Cargo.lock"), "str0m");
    emit("ready", json!({"peer": "str0m", "version": version}));

    let (sender, inputs) = sync_channel(MAX_WAITING);
    let lines = sender.clone();
    // Not joined: it may wait in a read of stdin that nothing ends but the process.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.send(Input::Line(line)).is_err() {
                return;
            }
        }
        let _ = lines.send(Input::End);
    });

    let mut peer: Option<Peer> = None;
    let mut generation = 0;
    loop {
        let until = match &mut peer {
            Some(peer) => peer.drive(),
            None => Instant::now() + Duration::from_secs(3600),
        };
        let input = match inputs.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(input) => input,
            Err(RecvTimeoutError::Timeout) => {
                if let Some(peer) = &mut peer {
                    peer.tick();
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        };
        match input {
            Input::Packet { generation, source, destination, data } => {
                if let Some(peer) = &mut peer {
                    peer.receive(generation, source, destination, &data);
                }
            }
            Input::Line(line) if line.trim().is_empty() => {}
            Input::Line(line) => {
                let command: Value = match serde_json::from_str(&line) {
                    Ok(command) => command,
                    Err(error) => {
                        emit_error("", error);
                        continue;
                    }
                };
                let name = text_of(&command, "cmd");
                if let "create" | "close" | "quit" = name {
                    if let Some(mut old) = peer.take() {
                        old.close();
                    }
                }
                match (name, &mut peer) {
                    ("quit", _) => return,
                    ("close", _) => {}
                    ("create", _) => {
                        generation += 1;
                        match Peer::new(&command["config"], generation, &sender) {
                            Ok(made) => peer = Some(made),
                            Err(error) => emit_error(name, error),
                        }
                    }
                    (_, None) => emit_error(name, "no connection: create comes first"),
                    (_, Some(peer)) => {
                        if let Err(error) = peer.run(&command) {
                            emit_error(name, error);
                        }
                        peer.tick(); // what was asked may want to be sent at once
                    }
                }
            }
            Input::End => break,
        }
    }
    if let Some(mut peer) = peer {
        peer.close();
    }
}
