// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0

// A Pion WebRTC peer as a child process of the interop suite: one JSON command a line on stdin, one JSON
// event a line on stdout (the protocol is in ../README.md). It is not a test: it judges nothing, it does
// what it is told and says what happened. This file holds the commands; channel.go holds what happens on
// a data channel. Logs go to stderr.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// Room for one command line: an SDP or a text, never more than a megabyte.
const maxLine = 1 << 20

type iceServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username"`
	Credential string   `json:"credential"`
}

type command struct {
	Cmd    string `json:"cmd"`
	Config struct {
		ICEServers         []iceServer `json:"iceServers"`
		ICETransportPolicy string      `json:"iceTransportPolicy"`
		Trickle            *bool       `json:"trickle"`
	} `json:"config"`
	Label             string  `json:"label"`
	Ordered           *bool   `json:"ordered"`
	MaxRetransmits    *uint16 `json:"maxRetransmits"`
	MaxPacketLifeTime *uint16 `json:"maxPacketLifeTime"`
	Negotiated        *bool   `json:"negotiated"`
	ID                *uint16 `json:"id"`
	Protocol          *string `json:"protocol"`
	ICERestart        bool    `json:"iceRestart"`
	Type              string  `json:"type"`
	SDP               string  `json:"sdp"`
	Candidate         string  `json:"candidate"`
	SDPMid            *string `json:"sdpMid"`
	SDPMLineIndex     *uint16 `json:"sdpMLineIndex"`
	UsernameFragment  *string `json:"usernameFragment"`
	Text              *string `json:"text"`
	Size              int     `json:"size"`
	Kind              string  `json:"kind"`
	Seed              int     `json:"seed"`
	Count             int     `json:"count"`
	IntervalMs        float64 `json:"intervalMs"`
}

type fields map[string]any

var stdout struct {
	sync.Mutex
	encoder *json.Encoder
}

func emit(event string, with fields) {
	line := fields{"event": event}
	for name, value := range with {
		line[name] = value
	}
	stdout.Lock()
	defer stdout.Unlock()
	if err := stdout.encoder.Encode(line); err != nil {
		os.Exit(1) // nobody listens any more
	}
}

func emitError(cmd string, err error) {
	emit("error", fields{"cmd": cmd, "message": err.Error()})
}

// peer is one connection, from create to close. Commands come from one goroutine; the library's callbacks
// from others, so what both touch is behind mutex.
type peer struct {
	connection *webrtc.PeerConnection
	trickle    bool
	created    time.Time
	early      []webrtc.ICECandidateInit // remote candidates that came before the remote description

	mutex    sync.Mutex
	channels map[string]*channel
}

var errNoConnection = errors.New("no connection: create comes first")

func newPeer(cmd *command) (*peer, error) {
	configuration := webrtc.Configuration{}
	for _, server := range cmd.Config.ICEServers {
		configuration.ICEServers = append(configuration.ICEServers, webrtc.ICEServer{
			URLs: server.URLs, Username: server.Username, Credential: server.Credential,
		})
	}
	if cmd.Config.ICETransportPolicy == "relay" {
		configuration.ICETransportPolicy = webrtc.ICETransportPolicyRelay
	}
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(onlyLoopback())

	connection, err := webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(configuration)
	if err != nil {
		return nil, err
	}
	p := &peer{
		connection: connection,
		trickle:    cmd.Config.Trickle == nil || *cmd.Config.Trickle,
		created:    time.Now(),
		channels:   map[string]*channel{},
	}
	connection.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			p.emitSelected()
		}
		ms := float64(time.Since(p.created).Microseconds()) / 1000
		emit("state", fields{"state": state.String(), "ms": ms})
	})
	connection.OnICEConnectionStateChange(func(state webrtc.ICEConnectionState) {
		emit("ice-state", fields{"state": state.String()})
	})
	connection.OnNegotiationNeeded(func() { emit("negotiation-needed", nil) })
	connection.OnDataChannel(func(opened *webrtc.DataChannel) { p.adopt(opened, true) })
	if p.trickle {
		connection.OnICECandidate(func(candidate *webrtc.ICECandidate) {
			with := fields{"candidate": "", "sdpMid": "0", "sdpMLineIndex": 0}
			if candidate != nil {
				init := candidate.ToJSON()
				with["candidate"] = init.Candidate
				if init.UsernameFragment != nil {
					with["usernameFragment"] = *init.UsernameFragment
				}
			}
			emit("candidate", with)
		})
	}
	return p, nil
}

// Loopback candidates help only where there is nothing else; elsewhere they are noise.
func onlyLoopback() bool {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.IsGlobalUnicast() {
			return false
		}
	}
	return true
}

func (p *peer) emitSelected() {
	pair, err := p.connection.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return
	}
	path := "direct"
	if pair.Local.Typ == webrtc.ICECandidateTypeRelay || pair.Remote.Typ == webrtc.ICECandidateTypeRelay {
		path = "relayed"
	}
	emit("selected", fields{
		"local": pair.Local.ToJSON().Candidate, "remote": pair.Remote.ToJSON().Candidate, "path": path,
	})
}

// setLocal sets what was made and tells it: at once when candidates trickle, else when it holds them all.
func (p *peer) setLocal(cmd string, description webrtc.SessionDescription) error {
	complete := webrtc.GatheringCompletePromise(p.connection)
	if p.trickle { // before it is set, so that it comes before the first candidate
		emit("description", fields{"type": description.Type.String(), "sdp": description.SDP})
	}
	if err := p.connection.SetLocalDescription(description); err != nil {
		return err
	}
	if !p.trickle {
		go func() {
			<-complete
			if local := p.connection.LocalDescription(); local != nil {
				emit("description", fields{"type": local.Type.String(), "sdp": local.SDP})
			} else {
				emitError(cmd, errors.New("closed while gathering"))
			}
		}()
	}
	return nil
}

func (p *peer) offer(iceRestart bool) error {
	description, err := p.connection.CreateOffer(&webrtc.OfferOptions{ICERestart: iceRestart})
	if err != nil {
		return err
	}
	return p.setLocal("offer", description)
}

func (p *peer) remote(kind, sdp string) error {
	description := webrtc.SessionDescription{Type: webrtc.NewSDPType(kind), SDP: sdp}
	if err := p.connection.SetRemoteDescription(description); err != nil {
		return err
	}
	for _, candidate := range p.early {
		if err := p.connection.AddICECandidate(candidate); err != nil {
			emitError("candidate", err)
		}
	}
	p.early = nil
	if description.Type != webrtc.SDPTypeOffer {
		return nil
	}
	answer, err := p.connection.CreateAnswer(nil)
	if err != nil {
		return err
	}
	return p.setLocal("remote", answer)
}

func (p *peer) candidate(cmd *command) error {
	candidate := webrtc.ICECandidateInit{
		Candidate: cmd.Candidate, SDPMid: cmd.SDPMid, SDPMLineIndex: cmd.SDPMLineIndex,
		UsernameFragment: cmd.UsernameFragment,
	}
	if p.connection.RemoteDescription() == nil {
		p.early = append(p.early, candidate)
		return nil
	}
	return p.connection.AddICECandidate(candidate)
}

func (p *peer) openChannel(cmd *command) error {
	opened, err := p.connection.CreateDataChannel(cmd.Label, &webrtc.DataChannelInit{
		Ordered: cmd.Ordered, MaxPacketLifeTime: cmd.MaxPacketLifeTime, MaxRetransmits: cmd.MaxRetransmits,
		Protocol: cmd.Protocol, Negotiated: cmd.Negotiated, ID: cmd.ID,
	})
	if err != nil {
		return err
	}
	p.adopt(opened, false)
	return nil
}

func (p *peer) close() error {
	p.mutex.Lock()
	for _, c := range p.channels {
		c.abandon()
	}
	p.mutex.Unlock()
	return p.connection.Close()
}

func run(current **peer, cmd *command) error {
	if cmd.Cmd == "create" {
		if *current != nil {
			if err := (*current).close(); err != nil {
				emitError("close", err)
			}
		}
		made, err := newPeer(cmd)
		*current = made
		return err
	}
	p := *current
	if p == nil {
		return errNoConnection
	}
	switch cmd.Cmd {
	case "channel":
		return p.openChannel(cmd)
	case "offer":
		return p.offer(cmd.ICERestart)
	case "remote":
		return p.remote(cmd.Type, cmd.SDP)
	case "candidate":
		return p.candidate(cmd)
	case "send", "stream", "close-channel":
		return p.onChannel(cmd)
	case "stats":
		emit("stats", fields{"report": p.connection.GetStats()})
		return nil
	case "close":
		*current = nil
		return p.close()
	}
	return fmt.Errorf("no such command here: %q", cmd.Cmd)
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
	stdout.encoder = json.NewEncoder(os.Stdout)
	stdout.encoder.SetEscapeHTML(false)
	emit("ready", fields{"peer": "pion", "version": libraryVersion()})

	var current *peer
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<16), maxLine)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		var cmd command
		if err := json.Unmarshal(lines.Bytes(), &cmd); err != nil {
			emitError("", err)
			continue
		}
		if cmd.Cmd == "quit" {
			break
		}
		if err := run(&current, &cmd); err != nil {
			emitError(cmd.Cmd, err)
		}
	}
	if current != nil {
		_ = current.close()
	}
}
