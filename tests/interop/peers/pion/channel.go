// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

const (
	// A text up to this many bytes is told as it is, a longer one by size and hash only.
	maxToldText = 1024
	// Send waits while more than this is buffered, and goes on below half of it.
	bufferRoom = 1 << 20
)

// channel is one data channel with the work that waits for it, done in order by a goroutine of its own.
type channel struct {
	data      *webrtc.DataChannel
	work      chan *command
	opened    chan struct{}
	low       chan struct{}
	abandoned chan struct{}
	abandon   func() // stops the goroutine; may be called more than once
}

func (p *peer) adopt(data *webrtc.DataChannel, announced bool) {
	c := &channel{
		data:      data,
		work:      make(chan *command, 4096),
		opened:    make(chan struct{}),
		low:       make(chan struct{}, 1),
		abandoned: make(chan struct{}),
	}
	var once, openOnce sync.Once
	c.abandon = func() { once.Do(func() { close(c.abandoned) }) }
	if announced {
		emit("channel", fields{
			"label": data.Label(), "id": data.ID(), "ordered": data.Ordered(),
			"maxRetransmits": data.MaxRetransmits(), "maxPacketLifeTime": data.MaxPacketLifeTime(),
			"protocol": data.Protocol(), "negotiated": data.Negotiated(),
		})
	}
	data.SetBufferedAmountLowThreshold(bufferRoom / 2)
	data.OnBufferedAmountLow(func() {
		select {
		case c.low <- struct{}{}:
		default:
		}
	})
	data.OnOpen(func() {
		openOnce.Do(func() {
			emit("open", fields{"label": data.Label(), "id": data.ID()})
			close(c.opened)
		})
	})
	data.OnMessage(func(message webrtc.DataChannelMessage) { tell(data.Label(), message) })
	data.OnClose(func() {
		emit("channel-closed", fields{"label": data.Label()})
		c.abandon()
		p.mutex.Lock()
		defer p.mutex.Unlock()
		if p.channels[data.Label()] == c {
			delete(p.channels, data.Label())
		}
	})
	data.OnError(func(err error) { // the end of the channel follows, and that is told
		fmt.Fprintf(os.Stderr, "pion: channel %q: %v\n", data.Label(), err)
	})
	p.mutex.Lock()
	p.channels[data.Label()] = c
	p.mutex.Unlock()
	go c.serve()
}

func tell(label string, message webrtc.DataChannelMessage) {
	sum := sha256.Sum256(message.Data)
	with := fields{
		"label": label, "kind": "binary", "size": len(message.Data), "sha256": hex.EncodeToString(sum[:]),
	}
	if message.IsString {
		with["kind"] = "text"
		if len(message.Data) <= maxToldText {
			with["text"] = string(message.Data)
		}
	}
	emit("message", with)
}

func (p *peer) onChannel(cmd *command) error {
	p.mutex.Lock()
	c := p.channels[cmd.Label]
	p.mutex.Unlock()
	if c == nil {
		return fmt.Errorf("no channel %q", cmd.Label)
	}
	select {
	case c.work <- cmd:
		return nil
	default:
		return errors.New("too much work waits for the channel")
	}
}

func (c *channel) serve() {
	for {
		select {
		case <-c.abandoned:
			return
		case cmd := <-c.work:
			if err := c.do(cmd); err != nil {
				emitError(cmd.Cmd, err)
			}
		}
	}
}

func (c *channel) do(cmd *command) error {
	if cmd.Cmd == "close-channel" {
		return c.data.Close()
	}
	select {
	case <-c.opened:
	case <-c.abandoned:
		return errors.New("closed before it was open")
	}
	if cmd.Cmd == "stream" {
		return c.stream(cmd)
	}
	if cmd.Text != nil {
		return c.sendText(*cmd.Text)
	}
	data := make([]byte, cmd.Size)
	if cmd.Kind == "text" {
		for i := range data {
			data[i] = byte('a' + (cmd.Seed+i)%26)
		}
		return c.sendText(string(data))
	}
	for i := range data {
		data[i] = byte((cmd.Seed*31 + i*7) % 251)
	}
	if err := c.awaitRoom(); err != nil {
		return err
	}
	return c.data.Send(data)
}

func (c *channel) stream(cmd *command) error {
	interval := time.Duration(cmd.IntervalMs * float64(time.Millisecond))
	start := time.Now()
	for n := 0; n < cmd.Count; n++ {
		if interval > 0 {
			select {
			case <-time.After(time.Until(start.Add(time.Duration(n) * interval))):
			case <-c.abandoned:
				return errors.New("closed while streaming")
			}
		}
		text := fmt.Sprintf("%d ", n)
		if len(text) < cmd.Size {
			text += strings.Repeat(".", cmd.Size-len(text))
		}
		if err := c.sendText(text); err != nil {
			return err
		}
	}
	emit("streamed", fields{"label": cmd.Label, "count": cmd.Count})
	return nil
}

func (c *channel) sendText(text string) error {
	if err := c.awaitRoom(); err != nil {
		return err
	}
	return c.data.SendText(text)
}

func (c *channel) awaitRoom() error {
	for c.data.BufferedAmount() > bufferRoom {
		select {
		case <-c.low:
		case <-c.abandoned:
			return errors.New("closed while waiting for room")
		}
	}
	return nil
}
