// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

//! webrtc-rs as a peer of the bench (the protocol is in ../README.md). Built by tests/interop/peers/webrtc-rs. end.rs is an
//! end of a connection.

#[path = "../rust/common.rs"]
mod common;
mod end;
#[allow(dead_code)] // it serves the interop suite first
#[path = "../../../tests/interop/peers/str0m/src/protocol.rs"]
mod protocol;

use bytes::BytesMut;
use common::{mark, Counters, Trips};
use end::{End, Failure, News};
use protocol::{emit, emit_error, locked_version, text_of};
use serde_json::{json, Value};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};

const OPEN_LIMIT: Duration = Duration::from_secs(20);
const CLOSE_WAIT: Duration = Duration::from_millis(20); // between two connections of a connect run

struct Bench {
    end: Option<End>,
    news: UnboundedSender<News>,
    echo: bool,
    trips: Option<Trips>,
    pairs: Vec<[End; 2]>,
}

fn address_of(command: &Value) -> &str {
    match text_of(command, "address") {
        "" => "127.0.0.1",
        address => address,
    }
}

impl Bench {
    fn end(&mut self) -> Result<&mut End, Failure> {
        Ok(self.end.as_mut().ok_or("create comes first")?)
    }

    async fn run(&mut self, command: &Value, started: Instant) -> Result<(), Failure> {
        match text_of(command, "cmd") {
            "create" => {
                self.end = Some(End::new(address_of(command), self.news.clone()).await?);
                if command["offer"] == true {
                    let offer = self.end()?.offer(command).await?;
                    emit("description", offer);
                }
            }
            "remote" => {
                if let Some(answer) = self.end()?.remote(command).await? {
                    emit("description", answer);
                }
            }
            "candidate" => self.end()?.candidate(text_of(command, "candidate").to_string()).await?,
            "echo" => {
                self.echo = true;
                self.end()?.tally.answered.store(true, Ordering::Relaxed);
            }
            "blast" => self.end()?.blast(command["size"].as_u64().unwrap_or(0) as usize)?,
            "stop" => {
                let end = self.end()?;
                end.stop.store(true, Ordering::Relaxed);
                tokio::time::sleep(CLOSE_WAIT).await; // the message in hand
                emit("stopped", json!({"messages": end.sent.load(Ordering::Relaxed)}));
            }
            "mark" => {
                let counters = self.end.as_ref().map_or(Counters::default(), |end| Counters {
                    messages: end.tally.messages.load(Ordering::Relaxed),
                    bytes: end.tally.bytes.load(Ordering::Relaxed),
                    sent: end.sent.load(Ordering::Relaxed),
                });
                emit("mark", mark(command, started, counters));
            }
            "ping" => {
                self.trips = Some(Trips::new(command));
                self.end()?.tally.answered.store(true, Ordering::Relaxed);
                self.ping().await?;
            }
            "connect" => {
                let mut ms = Vec::new();
                for _ in 0..command["runs"].as_u64().unwrap_or(0) {
                    let start = Instant::now();
                    let pair = make_pair(address_of(command)).await?;
                    ms.push((start.elapsed().as_secs_f64() * 1e5).round() / 100.0);
                    for end in &pair {
                        let _ = end.connection.close().await;
                    }
                    tokio::time::sleep(CLOSE_WAIT).await;
                }
                emit("connected", json!({ "ms": ms }));
            }
            "pairs" => {
                for _ in 0..command["count"].as_u64().unwrap_or(0) {
                    self.pairs.push(make_pair(address_of(command)).await?);
                }
                emit("paired", json!({"pairs": self.pairs.len()}));
            }
            other => return Err(format!("no such command here: {other:?}").into()),
        }
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Failure> {
        let data = self.end()?.data()?;
        if let Some(trips) = &mut self.trips {
            trips.start();
            data.send(BytesMut::from(&trips.message[..])).await?;
        }
        Ok(())
    }

    async fn hear(&mut self, news: News) -> Result<(), Failure> {
        match news {
            News::Candidate(candidate) => {
                emit("candidate", json!({"candidate": candidate, "sdpMid": "0", "sdpMLineIndex": 0}));
            }
            News::Open => emit("open", json!({})),
            News::Message(data) => {
                if self.echo {
                    self.end()?.data()?.send(data).await?;
                } else if let Some(trips) = &mut self.trips {
                    match trips.finish() {
                        Some(figures) => {
                            emit("pinged", figures);
                            self.trips = None;
                        }
                        None => self.ping().await?,
                    }
                }
            }
        }
        Ok(())
    }
}

/// Two ends in this process, signalling by hand-over; done when the channel is open at both.
async fn make_pair(address: &str) -> Result<[End; 2], Failure> {
    let (mut senders, mut inboxes) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let (sender, inbox) = unbounded_channel();
        senders.push(sender);
        inboxes.push(inbox);
    }
    let mut pair = [End::new(address, senders[0].clone()).await?, End::new(address, senders[1].clone()).await?];
    let offer = pair[0].offer(&json!({})).await?;
    let answer = pair[1].remote(&offer).await?.ok_or("no answer")?;
    pair[0].remote(&answer).await?;
    let mut open = 0;
    let (second, first) = (inboxes.pop().ok_or("")?, inboxes.pop().ok_or("")?);
    tokio::time::timeout(OPEN_LIMIT, settle(&mut pair, [first, second], &mut open)).await??;
    Ok(pair)
}

async fn settle(pair: &mut [End; 2], inboxes: [UnboundedReceiver<News>; 2], open: &mut u32) -> Result<(), Failure> {
    let [mut first, mut second] = inboxes;
    while *open < 2 {
        let (other, news) = tokio::select! {
            Some(news) = first.recv() => (1, news),
            Some(news) = second.recv() => (0, news),
            else => return Err("closed".into()),
        };
        match news {
            News::Candidate(candidate) => pair[other].candidate(candidate).await?,
            News::Open => *open += 1,
            News::Message(_) => {}
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() {
    let version = locked_version(include_str!("../../../tests/interop/peers/webrtc-rs/Cargo.lock"), "webrtc");
    emit("ready", json!({"peer": "webrtc-rs", "version": version}));
    let started = Instant::now();
    let (news, mut inbox) = unbounded_channel();
    let mut bench =
        Bench { end: None, news, echo: false, trips: None, pairs: Vec::new() };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        let done = tokio::select! {
            line = lines.next_line() => {
                let Ok(Some(line)) = line else { break };
                let command: Value = serde_json::from_str(&line).unwrap_or_default();
                if command["cmd"] == "quit" {
                    break;
                }
                bench.run(&command, started).await
            }
            Some(one) = inbox.recv() => bench.hear(one).await,
        };
        if let Err(error) = done {
            emit_error("", error);
        }
    }
    // Not by returning: the runtime would wait for a read of stdin that nothing ends but the process.
    std::process::exit(0);
}
