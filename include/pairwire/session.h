// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Pairing by code: a Display shows a code, a Controller enters it, both get a Session and message
// each other directly. The relay only brokers (docs/relay.md); once a Session is connected it may
// vanish.
//
// What a Session is not, yet: it does not outlive its connection. When the path is gone for good
// the Session closes with the reason, and the Display shows a new code.
//
// All three are move-only handles, callable from any thread, also from inside any callback.
// Callbacks run on the Network's loop thread, one at a time, with no lock held, and must not block.
// After a handle's destructor returned no callback of it starts. The Network outlives its handles'
// use.
#ifndef PAIRWIRE_SESSION_H_
#define PAIRWIRE_SESSION_H_

#include <pairwire/configuration.h>
#include <pairwire/data_channel.h>
#include <pairwire/network.h>
#include <pairwire/result.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pairwire {

// How the two ends reach each other.
struct SessionPath {
  bool relayed = false;          // through a TURN server; false: direct
  std::string local_candidate;   // candidate line of the selected pair
  std::string remote_candidate;  // candidate line of the selected pair
};

struct SessionEvents {
  // A message of the other end on the channel labelled "pairwire".
  std::function<void(const Message&)> on_message = nullptr;
  // buffered_amount of the message channel fell to its threshold or below.
  std::function<void()> on_buffered_amount_low = nullptr;
  // The other end opened a further channel. Keep the handle and Subscribe to it.
  std::function<void(DataChannel)> on_data_channel = nullptr;
  // Once; nothing follows. Empty after Close by either end; else why (kIceFailed, kPeerLeft…).
  std::function<void(std::optional<Error>)> on_closed = nullptr;
};

// Two ends connected directly. Its message channel is the reliable, ordered DataChannel "pairwire".
class Session {
 public:
  Session();  // An empty handle: every call answers kClosed.
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();  // Closes, as Close does.

  // Sets the handlers and starts delivery; before it messages wait, within bounds.
  void Subscribe(SessionEvents events);

  // As DataChannel::Send, on the message channel.
  [[nodiscard]] Result<void> Send(std::string_view text);
  [[nodiscard]] Result<void> Send(ByteSpan data);
  std::size_t buffered_amount() const;
  void SetBufferedAmountLowThreshold(std::size_t bytes);

  // A further channel (one per file, for instance). Open at once or soon.
  DataChannel CreateDataChannel(std::string_view label, DataChannelInit init = {});

  // Drains what was sent, then closes; within 5 s. Returns at once; on_closed tells when it is
  // done.
  void Close();

  SessionPath path() const;
  // The other end's name as it gave it to the relay; empty when it gave none. Not authenticated.
  const std::string& peer_name() const;

 private:
  friend class SessionFactory;
  struct Impl;
  explicit Session(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;  // Shared with the loop: either side may go first.
};

struct DisplayOptions {
  std::string
      relay_url;  // "http://host:port" or "https://host[:port]", with an optional path prefix
  std::string name = {};       // shown to the controller; at most 64 bytes
  std::string design_id = {};  // groups displays of one design; may be empty
  PeerConfiguration peer = {};
  // Asks the relay for its nodes first, measures the way to each, and goes to the nearest. Takes up
  // to 4 s, usually a few round trips.
  bool nearest_node = false;
  // First pause before the relay is tried again; doubles up to 30 s, each with full jitter.
  std::chrono::milliseconds retry_delay{500};
};

struct PairingCode {
  std::string code = {};  // what a person types
  std::chrono::seconds expires_in{0};
};

struct DisplayEvents {
  // A code to show. Each replaces the one before: after a session ended, or after expiry.
  std::function<void(const PairingCode&)> on_code = nullptr;
  // A controller entered the code; its name as it gave it. on_session or on_error follows.
  std::function<void(const std::string& controller_name)> on_paired = nullptr;
  // Connected. Keep the handle and Subscribe to it; dropping it closes the session.
  std::function<void(Session)> on_session = nullptr;
  // Something failed: kRelayUnreachable, kIceFailed… The display goes on by itself and shows a new
  // code as soon as it can.
  std::function<void(const Error&)> on_error = nullptr;
};

// Waits for one controller at a time. After a session ends it registers again and shows a new code.
class Display {
 public:
  // kInvalidArgument: the relay's URL, the name or the peer's configuration is not valid. Starts at
  // once.
  static Result<Display> Create(Network& network, DisplayOptions options, DisplayEvents events);
  Display();  // An empty handle.
  Display(Display&&) noexcept;
  Display& operator=(Display&&) noexcept;
  ~Display();  // Ends the registration and a session still connecting, not one handed out. Off the
               // loop it waits up to 0.5 s for the relay to hear that the code is void.

 private:
  struct Impl;
  explicit Display(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

struct ControllerOptions {
  std::string relay_url = {};  // as in DisplayOptions
  std::string code = {};       // as typed; blanks and hyphens are ignored
  std::string name = {};       // shown at the display; at most 64 bytes
  PeerConfiguration peer = {};
  bool nearest_node = false;  // as in DisplayOptions; counts before connect_timeout
  // From Create to on_session; then on_error with kTimedOut.
  std::chrono::milliseconds connect_timeout{30'000};
};

struct ControllerEvents {
  // The code was right; the display's name as it gave it.
  std::function<void(const std::string& display_name)> on_paired = nullptr;
  // Connected, once. Keep the handle and Subscribe to it; dropping it closes the session.
  std::function<void(Session)> on_session = nullptr;
  // It did not work, once, instead of on_session: kCodeNotFound, kRelayUnreachable, kTimedOut…
  std::function<void(const Error&)> on_error = nullptr;
};

// Enters a code once and connects.
class Controller {
 public:
  // kInvalidArgument: the relay's URL, the code's form or the peer's configuration is not valid.
  // Starts at once.
  static Result<Controller> Create(Network& network, ControllerOptions options,
                                   ControllerEvents events);
  Controller();  // An empty handle.
  Controller(Controller&&) noexcept;
  Controller& operator=(Controller&&) noexcept;
  ~Controller();  // Gives up if still connecting, as ~Display; a Session handed out lives on.

 private:
  struct Impl;
  explicit Controller(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_SESSION_H_
