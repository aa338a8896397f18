// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Pairing by code: a Display shows a code, a Controller enters it, both get a Session and message
// each other directly. The letters of the code prove to each end who the other is, without trust in
// the relay, which only brokers (docs/relay.md, docs/security.md).
//
// A Session outlives its connection: when a path breaks, it makes a new one and goes on where it
// was (docs/session.md). Not here: many displays at once (group.h), files (bulk.h), the values of
// typed events (events.h), status over HTTP (status.h).
//
// All three are move-only handles, callable from any thread, also from inside any callback.
// Callbacks run on the Network's loop thread, one at a time, with no lock held, and must not block.
// After a handle's destructor returned no callback of it starts. The Network outlives its handles'
// use. Of a Session's calls only the destructor (and assignment to it) waits for a callback that
// runs: do not destroy one under a lock that a callback takes.
#ifndef PAIRWIRE_SESSION_H_
#define PAIRWIRE_SESSION_H_

#include <pairwire/configuration.h>
#include <pairwire/data_channel.h>
#include <pairwire/events.h>
#include <pairwire/network.h>
#include <pairwire/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pairwire {

// Where a session stands. It is handed out connected.
enum class SessionState {
  kConnected,
  kRecovering,    // The path is quiet; the connection may come back.
  kReconnecting,  // There is no connection; the two ends look for each other at the relay.
  kClosing,       // Close was called; what was sent waits for its acknowledgement.
  kClosed,
};
std::string_view ToString(SessionState state);  // "connected", "recovering"…

// What carries the session's messages.
enum class Carrier {
  kDirect,
  kTurn,   // a TURN server, which sees sizes and times only
  kRelay,  // boxes over the signaling relay, which sees sizes and times only
};
std::string_view ToString(Carrier carrier);  // "direct", "turn", "relay"

// How the two ends reach each other.
struct SessionPath {
  bool relayed = false;          // carrier is not kDirect
  std::string local_candidate;   // candidate line of the selected pair; empty with kRelay
  std::string remote_candidate;  // candidate line of the selected pair; empty with kRelay
  Carrier carrier = Carrier::kDirect;
};

// Who is at the other end.
struct PeerInfo {
  std::string name;            // As it gave it to the relay; not authenticated. May be empty.
  bool authenticated = false;  // It knew the code's letters, the QR code, or a remembered secret.
  // Sessions, classes and resume as docs/session.md has them. False: another stack, or one that
  // does without; then the session is one raw DataChannel and ends with its connection.
  bool session_layer = false;
  std::string pairing_id;  // Of a remembered pairing (32 hexadecimal digits); empty: none.
};

// Numbers of the commands that were sent, 1, 2, 3… in the order of Send, per direction.
using MessageId = std::uint64_t;

// A command of the other end; the bytes are valid during the callback only.
struct Command : Message {
  MessageId id = 0;  // 0: plain form
};

// Both ends included; 0, 0: none.
struct MessageRange {
  MessageId first = 0;
  MessageId last = 0;
  bool operator==(const MessageRange&) const = default;
};

// How a session ended.
struct ClosedReport {
  // Empty: in order, by Close at either end. Else kSessionLost, kPeerRestarted, kReplaced,
  // kRevoked, kAuthFailed, kTimedOut (not all was acknowledged within Close's 5 s); in the plain
  // form also what ends a connection (kIceFailed…).
  std::optional<Error> error;
  // Ours that the other end has not acknowledged: each may or may not have been delivered.
  MessageRange unacknowledged;
  // The other end's last command that was delivered here.
  MessageId last_delivered = 0;
};

struct SessionStats {
  std::uint64_t sent = 0;      // commands given to Send
  std::uint64_t acked = 0;     // of those, acknowledged by the other application
  std::uint64_t received = 0;  // commands delivered here
  std::uint64_t resumes = 0;   // connections after the first
  std::uint64_t streams_dropped = 0;
  std::uint64_t frames_late = 0;     // shown more than 20 ms after their moment (on_frame)
  std::uint64_t frames_dropped = 0;  // more than 64 waited, or more than 10 s ahead
  std::size_t outbox_bytes = 0;
  std::chrono::microseconds round_trip{0};  // smoothed; 0: not measured yet
};

// The other end's clock: their_time = our_time + offset, for times of the monotonic clock in
// microseconds (std::chrono::steady_clock). docs/session.md says what the error can not see.
struct SharedClock {
  std::int64_t offset_us = 0;
  std::int64_t error_us = 0;
  double drift_ppm = 0;
};

struct SessionEvents {
  // A command of the other end, each once and in order. It counts as delivered, and is
  // acknowledged, when this returns (SessionOptions::manual_ack: at Acknowledge).
  std::function<void(const Command&)> on_message = nullptr;
  // A typed event of any class, already checked.
  std::function<void(const Event&)> on_event = nullptr;
  // With it, each animation:frame comes here instead of on_event: one with a present_at at that
  // moment of the controller's clock, others at once. `late`: how long ago its moment was; 0 where
  // no clock is known yet. At most 64 wait, for at most 10 s; what is more is dropped and counted.
  std::function<void(const events::AnimationFrame&, std::chrono::microseconds late)> on_frame =
      nullptr;
  // A new value of a key; none: it was cleared. Older values may be skipped, none comes back.
  std::function<void(std::string_view key, const std::optional<Message>&)> on_state_value = nullptr;
  std::function<void(const Message&)> on_stream = nullptr;
  // The other application has all commands up to and with this one.
  std::function<void(MessageId)> on_acked = nullptr;
  std::function<void(SessionState, std::string_view why)> on_state = nullptr;
  // After each new connection and each change of its pair.
  std::function<void(const SessionPath&)> on_path = nullptr;
  // Both ends now remember each other: PeerInfo::pairing_id is set.
  std::function<void(const std::string& pairing_id)> on_remembered = nullptr;
  // buffered_amount fell to its threshold or below; also when Send answered kBufferFull for the
  // number of messages, and half of them have gone.
  std::function<void()> on_buffered_amount_low = nullptr;
  // The other end opened a further channel. Keep the handle and Subscribe to it.
  std::function<void(DataChannel)> on_data_channel = nullptr;
  // Once; nothing follows.
  std::function<void(const ClosedReport&)> on_closed = nullptr;
};

// Two ends that have paired. Sends what docs/session.md calls commands, states and streams.
class Session {
 public:
  Session();  // An empty handle: every call answers kClosed.
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();  // Closes, as Close does.

  // Sets the handlers and starts delivery; before it messages wait, within bounds.
  void Subscribe(SessionEvents events);

  // One command: delivered once, in order, also over later connections of this session. Answers at
  // once:
  //   kBufferFull       4 MiB or 4,096 commands are unacknowledged; WhenWritable tells when to go
  //                     on
  //   kMessageTooLarge  over 262,124 bytes: 256 KiB, which every browser takes, with our header
  //   kClosed           the session is closing or closed
  // An error means that nothing was queued. With the plain form (PeerInfo::session_layer is false)
  // as DataChannel::Send, and nothing is ever acknowledged.
  [[nodiscard]] Result<MessageId> Send(std::string_view text);
  [[nodiscard]] Result<MessageId> Send(ByteSpan data);
  // As its class says; the id is 0 for states and streams.
  [[nodiscard]] Result<MessageId> Send(const Event& event);

  // The newest value of `key` (1 to 64 bytes) reaches the other end as long as the session lives.
  // kLimitExceeded: 1,024 keys, 16 KiB a value, 1 MiB in all. Plain form: kUnsupported.
  [[nodiscard]] Result<void> SetState(std::string_view key, ByteSpan value);
  [[nodiscard]] Result<void> SetState(std::string_view key, std::string_view text);
  [[nodiscard]] Result<void> ClearState(std::string_view key);

  // One frame of at most 60 KiB that may be lost; when there is no room the oldest waiting goes.
  // kUnsupported: plain form, or the relay carries the session.
  [[nodiscard]] Result<void> SendStream(ByteSpan frame);

  // SessionOptions::manual_ack: all commands up to and with this one are delivered.
  void Acknowledge(MessageId id);

  // Bytes of commands that the other end has not acknowledged.
  std::size_t buffered_amount() const;
  void SetBufferedAmountLowThreshold(std::size_t bytes);
  // As DataChannel::WhenWritable.
  void WhenWritable(std::size_t bytes, std::function<void(Result<void>)> done);

  // A further, raw channel of the current connection; it ends with that. An empty handle while
  // there is none.
  DataChannel CreateDataChannel(std::string_view label, DataChannelInit init = {});

  // Tells the session that the network changed (an interface came or went), where the system does
  // not tell by itself: paths are tried again at once.
  void NetworkChanged();

  // Waits for what was sent to be acknowledged, then closes; within 5 s. Returns at once; on_closed
  // tells when it is done.
  void Close();

  SessionState state() const;
  SessionPath path() const;
  PeerInfo peer() const;
  SessionStats stats() const;
  // None: plain form, or nothing measured yet.
  std::optional<SharedClock> clock() const;

 private:
  friend class SessionFactory;
  struct Impl;
  explicit Session(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;  // Shared with the loop: either side may go first.
};

// How sessions of a Display or a Controller behave.
struct SessionOptions {
  // A session without a connection lives so long; at most 10 min.
  std::chrono::seconds resume_window{120};
  // Boxes over the relay carry commands and states where the operator allows it and no path is
  // found. Never without letters.
  bool allow_relay = true;
  bool manual_ack = false;
};

struct DisplayOptions {
  std::string
      relay_url;  // "http://host:port" or "https://host[:port]", with an optional path prefix
  std::string name = {};       // shown to the controller; at most 64 bytes
  std::string design_id = {};  // groups displays of one design; may be empty
  PeerConfiguration peer = {};
  SessionOptions session = {};
  // The code gets secret letters, which both ends prove to know: NNNN-LLLLL. False: digits alone;
  // then the relay, and whoever guesses the digits, can sit between the two ends.
  bool secret = true;
  int code_letters = 5;  // 5, 6 or 8; becomes 8 by itself while codes are being guessed at
  // The page that a QR code opens (PairingCode::url), with what identifies the relay already in it;
  // empty: the relay's own page.
  std::string page_url = {};
  // Remembered pairings (pairings.h); empty: none. With it this end remembers each authenticated
  // controller that keeps such a file too, and a controller in it connects without a code.
  std::string pairings_file = {};
  // Asks the relay for its nodes first, measures the way to each, and goes to the nearest. Takes up
  // to 4 s, usually a few round trips.
  bool nearest_node = false;
  // First pause before the relay is tried again; doubles up to 30 s, each with full jitter.
  std::chrono::milliseconds retry_delay{500};
};

struct PairingCode {
  std::string code = {};  // what a person types: "4821-KMWRX", or digits alone without a secret
  std::chrono::seconds expires_in{0};
  // For a QR code: opens the page and carries a secret of its own behind the '#'. To the screen
  // only, never into a log. Empty without a secret.
  std::string url = {};
  int failed_attempts = 0;  // wrong letters for this code so far
};

struct DisplayEvents {
  // A code to show. Each replaces the one before: after a session ended, after expiry, and while a
  // session has been without its controller for 10 s: whoever enters it takes that one's place
  // (kReplaced). An empty code: none is valid, as that controller is back.
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
  // kInvalidArgument: the relay's URL, the name or the peer's configuration is not valid. Of
  // pairings_file as ListPairings. Starts at once.
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
  // As typed (blanks and hyphens are ignored), or the URL of a QR code, whole. Empty with
  // pairing_id.
  std::string code = {};
  std::string name = {};  // shown at the display; at most 64 bytes
  PeerConfiguration peer = {};
  SessionOptions session = {};
  // False: a code of digits alone is accepted (DisplayOptions::secret says what that gives up).
  // A code with letters is never used without them.
  bool secret = true;
  // As in DisplayOptions, and which of them to connect to instead of a code; waits for the display
  // within connect_timeout.
  std::string pairings_file = {};
  std::string pairing_id = {};
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
