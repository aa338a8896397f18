// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

//! The words of the tool protocol (../../README.md) as far as they do not depend on a WebRTC library: lines in,
//! events out, what a `send` means, and which addresses to gather on. Shared with the webrtc-rs peer.

use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::net::IpAddr;

/// A text up to this many bytes is told as it is, a longer one by size and hash only.
const MAX_TOLD_TEXT: usize = 1024;

pub fn emit(event: &str, mut fields: Value) {
    fields["event"] = json!(event);
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{fields}").and_then(|()| out.flush()).is_err() {
        std::process::exit(1); // nobody listens any more
    }
}

pub fn emit_error(cmd: &str, message: impl std::fmt::Display) {
    emit("error", json!({"cmd": cmd, "message": message.to_string()}));
}

pub fn emit_message(label: &str, binary: bool, data: &[u8]) {
    let hash: String = Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect();
    let kind = if binary { "binary" } else { "text" };
    let mut fields = json!({"label": label, "kind": kind, "size": data.len(), "sha256": hash});
    if !binary && data.len() <= MAX_TOLD_TEXT {
        fields["text"] = json!(String::from_utf8_lossy(data));
    }
    emit("message", fields);
}

/// The version of a crate as the lock file has it.
pub fn locked_version<'a>(lock: &'a str, name: &str) -> &'a str {
    let wanted = format!("name = \"{name}\"\nversion = \"");
    match lock.split_once(&wanted) {
        Some((_, rest)) => rest.split('"').next().unwrap_or("unknown"),
        None => "unknown",
    }
}

pub fn text_of<'a>(command: &'a Value, name: &str) -> &'a str {
    command[name].as_str().unwrap_or("")
}

pub fn u16_of(command: &Value, name: &str) -> Option<u16> {
    command[name].as_u64().and_then(|number| u16::try_from(number).ok())
}

/// What a `send` command means: whether it is binary, and the bytes.
pub fn payload(command: &Value) -> (bool, Vec<u8>) {
    if let Some(text) = command["text"].as_str() {
        return (false, text.as_bytes().to_vec());
    }
    let size = command["size"].as_u64().unwrap_or(0);
    let seed = command["seed"].as_u64().unwrap_or(0);
    if command["kind"] == "text" {
        return (false, (0..size).map(|i| b'a' + ((seed + i) % 26) as u8).collect());
    }
    (true, (0..size).map(|i| ((seed * 31 + i * 7) % 251) as u8).collect())
}

/// Message number `n` of a `stream` command.
pub fn numbered(n: u64, size: u64) -> String {
    format!("{:.<1$}", format!("{n} "), size as usize)
}

/// Takes the candidates out of a description, so that they can be told one by one: what remains, and them.
#[allow(dead_code)] // the webrtc-rs peer trickles by itself
pub fn split_candidates(sdp: &str) -> (String, Vec<String>) {
    let mut rest = String::new();
    let mut candidates: Vec<String> = Vec::new();
    for line in sdp.lines() {
        match line.strip_prefix("a=") {
            Some("end-of-candidates") => {}
            Some(candidate) if candidate.starts_with("candidate:") => {
                if !candidates.iter().any(|known| known == candidate) {
                    candidates.push(candidate.to_string());
                }
            }
            _ => {
                rest.push_str(line);
                rest.push_str("\r\n");
            }
        }
    }
    (rest, candidates)
}

/// The value of the first `a=ice-ufrag` of a description.
pub fn ufrag_of(sdp: &str) -> &str {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).unwrap_or("")
}

/// This machine's addresses to gather on: loopback only where there is nothing else.
pub fn local_addresses() -> Vec<IpAddr> {
    let all: Vec<IpAddr> = if_addrs::get_if_addrs()
        .map(|interfaces| interfaces.iter().map(|interface| interface.ip()).collect())
        .unwrap_or_default();
    let link_local = |ip: &IpAddr| match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    let routed: Vec<IpAddr> =
        all.iter().copied().filter(|ip| !ip.is_loopback() && !link_local(ip)).collect();
    if routed.is_empty() {
        all.into_iter().filter(|ip| ip.is_loopback()).collect()
    } else {
        routed
    }
}
