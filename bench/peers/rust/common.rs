// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

//! What the bench peers in Rust share: the words of the protocol (../README.md) that no WebRTC library has a part in.

use serde_json::{json, Value};
use std::time::Instant;

/// The clock ticks of /proc/PID/stat.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a receiver counted so far.
#[derive(Default, Clone, Copy)]
pub struct Counters {
    pub messages: u64,
    pub bytes: u64,
    pub sent: u64,
}

/// CPU of all threads of this process; exact to a tick of 10 ms.
pub fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}

pub fn mark(command: &Value, started: Instant, counters: Counters) -> Value {
    json!({"id": command["id"], "seconds": started.elapsed().as_secs_f64(), "cpuSeconds": cpu_seconds(),
           "messages": counters.messages, "bytes": counters.bytes, "sent": counters.sent})
}

/// Round trips, one after the other.
pub struct Trips {
    wanted: usize,
    warm_up: u64,
    times: Vec<f64>,
    sent_at: Instant,
    pub message: Vec<u8>,
}

impl Trips {
    pub fn new(command: &Value) -> Trips {
        let number = |name: &str| command[name].as_u64().unwrap_or(0);
        Trips {
            wanted: number("trips") as usize,
            warm_up: number("warmup"),
            times: Vec::new(),
            sent_at: Instant::now(),
            message: vec![0; number("size") as usize],
        }
    }

    /// Right before each send.
    pub fn start(&mut self) {
        self.sent_at = Instant::now();
    }

    /// At each answer: the figures, once there are enough of them.
    pub fn finish(&mut self) -> Option<Value> {
        if self.warm_up > 0 {
            self.warm_up -= 1;
        } else {
            self.times.push(self.sent_at.elapsed().as_secs_f64() * 1e6);
        }
        if self.times.len() < self.wanted {
            return None;
        }
        self.times.sort_by(f64::total_cmp);
        let at = |share: f64| self.times[((self.times.len() as f64 * share) as usize).min(self.times.len() - 1)];
        Some(json!({"p50Us": at(0.5), "p99Us": at(0.99), "p999Us": at(0.999)}))
    }
}
