// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

// Pion WebRTC as a peer of the bench (the protocol is in ../README.md). This file holds the commands and what is measured;
// end.go is an end of a connection. Built with the go.mod of tests/interop/peers/pion.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pion/webrtc/v4"
)

const (
	maxLine   = 1 << 20
	openLimit = 20 * time.Second
	closeWait = 20 * time.Millisecond // between two connections of a connect run
)

type command struct {
	Cmd            string  `json:"cmd"`
	ID             int     `json:"id"`
	Offer          bool    `json:"offer"`
	Address        string  `json:"address"`
	Ordered        *bool   `json:"ordered"`
	MaxRetransmits *uint16 `json:"maxRetransmits"`
	Size           int     `json:"size"`
	Trips          int     `json:"trips"`
	Warmup         int     `json:"warmup"`
	Runs           int     `json:"runs"`
	Count          int     `json:"count"`
	description
	webrtc.ICECandidateInit
}

type fields map[string]any

var (
	stdout      = json.NewEncoder(os.Stdout)
	stdoutMutex sync.Mutex
	started     = time.Now()
)

func emit(event string, with fields) {
	line := fields{"event": event}
	for name, value := range with {
		line[name] = value
	}
	stdoutMutex.Lock()
	defer stdoutMutex.Unlock()
	if stdout.Encode(line) != nil {
		os.Exit(1) // nobody listens any more
	}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// bench is what one process measures.
type bench struct {
	end             *end
	pairs           []*end
	messages, bytes atomic.Uint64
	echo            atomic.Bool
	pong            chan struct{} // not nil: somebody waits for each message
	pinging         atomic.Bool
}

func (b *bench) create(c *command) error {
	e := &end{
		tell: func(d description) { emit("description", fields{"type": d.Type, "sdp": d.SDP}) },
		trickle: func(candidate webrtc.ICECandidateInit) {
			emit("candidate", fields{"candidate": candidate.Candidate, "sdpMid": candidate.SDPMid, "sdpMLineIndex": candidate.SDPMLineIndex})
		},
		opened: func() { emit("open", nil) },
	}
	e.received = func(data []byte) {
		b.messages.Add(1)
		b.bytes.Add(uint64(len(data)))
		if b.pinging.Load() {
			b.pong <- struct{}{}
		} else if b.echo.Load() {
			_ = e.data().Send(data)
		}
	}
	made, err := newEnd(c.Offer, c.Address, &webrtc.DataChannelInit{Ordered: c.Ordered, MaxRetransmits: c.MaxRetransmits}, e)
	if err != nil {
		return err
	}
	b.end = made
	if c.Offer {
		return made.offer()
	}
	return nil
}

func (b *bench) mark(id int) {
	sent := uint64(0)
	if b.end != nil {
		sent = b.end.sent.Load()
	}
	emit("mark", fields{
		"id": id, "seconds": time.Since(started).Seconds(), "cpuSeconds": cpuSeconds(),
		"messages": b.messages.Load(), "bytes": b.bytes.Load(), "sent": sent,
	})
}

func (b *bench) ping(c *command) error {
	message := make([]byte, c.Size)
	times := make([]float64, c.Trips)
	b.pinging.Store(true)
	defer b.pinging.Store(false)
	channel := b.end.data()
	for trip := -c.Warmup; trip < c.Trips; trip++ {
		start := time.Now()
		if err := channel.Send(message); err != nil {
			return err
		}
		<-b.pong
		if trip >= 0 {
			times[trip] = float64(time.Since(start).Nanoseconds()) / 1000
		}
	}
	sort.Float64s(times)
	at := func(share float64) float64 {
		return math.Round(times[min(len(times)-1, int(float64(len(times))*share))]*10) / 10
	}
	emit("pinged", fields{"p50Us": at(0.5), "p99Us": at(0.99), "p999Us": at(0.999)})
	return nil
}

// makePair connects two ends in this process; done when the channel is open at both.
func makePair(address string) (both [2]*end, err error) {
	opened := make(chan struct{}, 2)
	failed := make(chan error, 16)
	for i := range both {
		both[i] = &end{
			opened:   func() { opened <- struct{}{} },
			received: func([]byte) {},
			// Signalling takes its own goroutine, as it would with a network in between.
			tell: func(d description) {
				go func() {
					if err := both[1-i].remote(d); err != nil {
						failed <- err
					}
				}()
			},
			trickle: func(candidate webrtc.ICECandidateInit) {
				go func() { _ = both[1-i].candidate(candidate) }()
			},
		}
	}
	for i := range both {
		if _, err = newEnd(i == 0, address, nil, both[i]); err != nil {
			return both, err
		}
	}
	if err = both[0].offer(); err != nil {
		return both, err
	}
	late := time.After(openLimit)
	for i := 0; i < 2; i++ {
		select {
		case <-opened:
		case err = <-failed:
			return both, err
		case <-late:
			return both, fmt.Errorf("a pair did not open within %v", openLimit)
		}
	}
	return both, nil
}

func connect(c *command) error {
	ms := make([]float64, 0, c.Runs)
	for i := 0; i < c.Runs; i++ {
		start := time.Now()
		both, err := makePair(c.Address)
		if err != nil {
			return err
		}
		ms = append(ms, math.Round(time.Since(start).Seconds()*1e5)/100)
		for _, e := range both {
			_ = e.connection.Close()
		}
		time.Sleep(closeWait)
	}
	emit("connected", fields{"ms": ms})
	return nil
}

func (b *bench) makePairs(c *command) error {
	for i := 0; i < c.Count; i++ {
		both, err := makePair(c.Address)
		if err != nil {
			return err
		}
		b.pairs = append(b.pairs, both[0], both[1])
	}
	debug.FreeOSMemory()
	emit("paired", fields{"pairs": len(b.pairs) / 2})
	return nil
}

func (b *bench) run(c *command) error {
	switch c.Cmd {
	case "create":
		return b.create(c)
	case "remote":
		return b.end.remote(c.description)
	case "candidate":
		return b.end.candidate(c.ICECandidateInit)
	case "echo":
		b.echo.Store(true)
	case "blast":
		go b.end.blast(c.Size)
	case "stop":
		b.end.stop.Store(true)
		time.Sleep(closeWait) // the message in hand
		emit("stopped", fields{"messages": b.end.sent.Load()})
	case "mark":
		b.mark(c.ID)
	case "ping":
		return b.ping(c)
	case "connect":
		return connect(c)
	case "pairs":
		return b.makePairs(c)
	default:
		return fmt.Errorf("no such command here: %q", c.Cmd)
	}
	return nil
}

func libraryVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/pion/webrtc/v4" {
				return module.Version[1:]
			}
		}
	}
	return "unknown"
}

func main() {
	emit("ready", fields{"peer": "pion", "version": libraryVersion()})
	b := &bench{pong: make(chan struct{}, 1)}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<16), maxLine)
	for lines.Scan() {
		var c command
		err := json.Unmarshal(lines.Bytes(), &c)
		if err == nil && c.Cmd == "quit" {
			return
		}
		if err == nil {
			err = b.run(&c)
		}
		if err != nil {
			emit("error", fields{"cmd": c.Cmd, "message": err.Error()})
		}
	}
}
