// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"sync"
	"sync/atomic"

	"github.com/pion/webrtc/v4"
)

const (
	// As in the library's own flow control example.
	fullBytes = 1 << 20
	lowBytes  = 512 << 10
)

type description struct {
	Type string `json:"type"`
	SDP  string `json:"sdp"`
}

// end is one end of a connection with one channel. Its callbacks come from goroutines of the library.
type end struct {
	connection *webrtc.PeerConnection
	tell       func(description)
	trickle    func(webrtc.ICECandidateInit)
	opened     func()
	received   func(data []byte)

	low  chan struct{}
	stop atomic.Bool
	sent atomic.Uint64

	mutex     sync.Mutex
	channel   *webrtc.DataChannel
	described bool
	early     []webrtc.ICECandidateInit
}

func newEnd(offer bool, address string, init *webrtc.DataChannelInit, e *end) (*end, error) {
	settings := webrtc.SettingEngine{}
	if address != "" {
		settings.SetIncludeLoopbackCandidate(true)
		settings.SetIPFilter(func(ip net.IP) bool { return ip.String() == address })
	}
	connection, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	e.connection = connection
	e.low = make(chan struct{}, 1)
	connection.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			e.trickle(candidate.ToJSON())
		}
	})
	if !offer {
		connection.OnDataChannel(e.adopt)
		return e, nil
	}
	channel, err := connection.CreateDataChannel("bench", init)
	if err != nil {
		return nil, err
	}
	e.adopt(channel)
	return e, nil
}

func (e *end) adopt(channel *webrtc.DataChannel) {
	e.mutex.Lock()
	e.channel = channel
	e.mutex.Unlock()
	channel.SetBufferedAmountLowThreshold(lowBytes)
	channel.OnBufferedAmountLow(func() {
		select {
		case e.low <- struct{}{}:
		default:
		}
	})
	channel.OnMessage(func(message webrtc.DataChannelMessage) { e.received(message.Data) })
	var once sync.Once
	channel.OnOpen(func() { once.Do(e.opened) })
}

func (e *end) data() *webrtc.DataChannel {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.channel
}

func (e *end) offer() error {
	offer, err := e.connection.CreateOffer(nil)
	if err != nil {
		return err
	}
	return e.setLocal(offer)
}

func (e *end) setLocal(local webrtc.SessionDescription) error {
	e.tell(description{local.Type.String(), local.SDP}) // before its candidates
	return e.connection.SetLocalDescription(local)
}

func (e *end) remote(d description) error {
	err := e.connection.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.NewSDPType(d.Type), SDP: d.SDP})
	if err != nil {
		return err
	}
	e.mutex.Lock()
	early := e.early
	e.early, e.described = nil, true
	e.mutex.Unlock()
	for _, candidate := range early {
		if err := e.connection.AddICECandidate(candidate); err != nil {
			return err
		}
	}
	if d.Type != "offer" {
		return nil
	}
	answer, err := e.connection.CreateAnswer(nil)
	if err != nil {
		return err
	}
	return e.setLocal(answer)
}

func (e *end) candidate(candidate webrtc.ICECandidateInit) error {
	e.mutex.Lock()
	if !e.described {
		e.early = append(e.early, candidate)
		e.mutex.Unlock()
		return nil
	}
	e.mutex.Unlock()
	return e.connection.AddICECandidate(candidate)
}

// blast sends until told to stop.
func (e *end) blast(size int) {
	message := make([]byte, size)
	channel := e.data()
	for !e.stop.Load() {
		if channel.BufferedAmount() > fullBytes {
			<-e.low
			continue
		}
		if channel.Send(message) != nil {
			return
		}
		e.sent.Add(1)
	}
}
