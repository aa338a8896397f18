// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Files over a Session (class bulk, docs/file-transfer.md): whole and with the right hash, or an
// error. Each travels on a DataChannel of its own. Where both ends have the session layer a file
// outlives its connection: it goes on when the session has a new one, and even when the sender was
// started anew within a day.
//
// Not here: messages (session.h), and what of a name is fit for a file system in a sink of one's
// own (the folder of a FileInbox takes care of it).
//
// OutgoingFile and FileInbox are move-only handles, callable from any thread, also from inside any
// callback. Callbacks run on the Network's loop thread, one at a time, with no lock held, and must
// not block. After a handle's destructor returned no callback of it starts. The Network outlives
// its handles' use; the Session need not.
#ifndef PAIRWIRE_BULK_H_
#define PAIRWIRE_BULK_H_

#include <pairwire/bytes.h>
#include <pairwire/data_channel.h>
#include <pairwire/network.h>
#include <pairwire/session.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>

namespace pairwire {

// At most so many files of one session go out, and so many of one inbox come in, at a time.
inline constexpr int kMaxFilesAtOnce = 4;

// Why a transfer did not work: a code that programs may test (docs/file-transfer.md lists them), a
// sentence for a person.
struct FileProblem {
  std::string code;
  std::string message;

  bool operator==(const FileProblem&) const = default;
};

template <typename T>
using FileResult = tl::expected<T, FileProblem>;

// A file as its sender announces it.
struct FileOffer {
  std::string name;  // for a person; at most 1024 bytes
  std::uint64_t size = 0;
  // The rest is empty where a transfer cannot go on later (pairwire.file.v1).
  std::string id = {};          // 32 hexadecimal digits; the same file has the same id
  std::string media_type = {};  // for a person or a viewer; at most 128 bytes
  bool complete = false;        // all was sent before; only the receipt was lost
  bool operator==(const FileOffer&) const = default;
};

struct SentFile {
  std::uint64_t size = 0;
  std::string sha256;             // 64 hexadecimal digits
  std::uint64_t transferred = 0;  // bytes given to channels: less than size when an earlier try had
                                  // left some, more when some went twice
  std::chrono::microseconds took{0};  // since Send
};

struct ReceivedFile {
  std::string name;  // as the sender called it
  std::uint64_t size = 0;
  std::string sha256;
  std::string path;  // what FileSink::Commit answered

  bool operator==(const ReceivedFile&) const = default;
};

// Where a file's bytes come from. Used on the loop thread: it must not block for long.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // Fills as much of `out` as there is; 0 at the end of the file.
  virtual FileResult<std::size_t> Read(std::span<std::uint8_t> out) = 0;
  // Reading begins again with the first byte. What is resumed needs it.
  virtual FileResult<void> Rewind();
  // When it was changed last, in nanoseconds of any clock; always the same where nobody knows.
  virtual std::int64_t changed_ns() const { return 0; }
};

// One file being stored. Nothing is visible under its name before Commit; one that is neither
// committed, discarded nor kept is discarded when the sink is destroyed. Used on the loop thread.
//
// The second half is for transfers that can be resumed; a sink that leaves it out keeps nothing.
class FileSink {
 public:
  virtual ~FileSink() = default;
  virtual FileResult<void> Open(const std::string& name, std::uint64_t size) = 0;
  virtual FileResult<void> Write(ByteSpan data) = 0;
  // The path under which it is stored.
  virtual FileResult<std::string> Commit() = 0;
  virtual void Discard() = 0;

  // Opens what an earlier try left of the file with this id, or a new one; how many bytes are
  // there. What is written goes behind them.
  virtual FileResult<std::uint64_t> Reopen(const FileOffer& offer);
  // Reads what is there already; 0 at its end.
  virtual FileResult<std::size_t> ReadBack(std::uint64_t offset, std::span<std::uint8_t> out);
  // Forgets what an earlier try left; the file stays open.
  virtual FileResult<void> Restart() { return {}; }
  // What was written is on the disk.
  virtual FileResult<void> Sync() { return {}; }
  // The transfer broke off: the next try may go on from here.
  virtual void Keep() { Discard(); }
  // The file of this id that was stored a while ago, when the sink remembers it.
  virtual std::optional<ReceivedFile> Stored(const FileOffer& offer) const;
  virtual void Remember(const FileOffer&, const ReceivedFile&) {}
};

// What OutgoingFile sends.
struct FileToSend {
  // A file of the disk. not_readable: missing, no regular file, no permission.
  static FileResult<FileToSend> Open(const std::string& path);

  std::string name;
  std::uint64_t size = 0;
  std::string media_type = {};
  std::unique_ptr<FileSource> source;
};

struct FileProgress {
  std::uint64_t sent = 0;    // bytes from the file's beginning that were given to the channel
  std::uint64_t stored = 0;  // of those, on the other end's disk; plain form: 0 until the end
};

struct FileSendEvents {
  std::function<void(const FileProgress&)> on_progress = nullptr;
  // The other end has the first `offset` bytes from an earlier try: it goes on behind them.
  std::function<void(std::uint64_t offset)> on_resumed = nullptr;
  // The connection is gone; it goes on by itself when the session has a new one.
  std::function<void()> on_waiting = nullptr;
  // True: the relay carries the session, and no files: this one waits for a direct path, however
  // long that takes. False: there is one, and it goes on. In turns, beginning with true.
  std::function<void(bool waits)> on_needs_direct_path = nullptr;
  // Once, last.
  std::function<void(FileResult<SentFile>)> on_finished = nullptr;
};

// One file on its way out. Needs one chunk of memory, and lets at most 1 MiB wait in its channel.
class OutgoingFile {
 public:
  // Starts at once. too_many_files: four of this session are under way; not_readable: from the
  // source; connection_lost: an empty handle, or the network is closing. Everything later goes to
  // on_finished; connection_lost there means that the session is closing or over.
  static FileResult<OutgoingFile> Send(Session& session, FileToSend file, FileSendEvents events);
  OutgoingFile();  // An empty handle.
  OutgoingFile(OutgoingFile&&) noexcept;
  OutgoingFile& operator=(OutgoingFile&&) noexcept;
  // Lets go of the transfer without a word: the other end keeps what it has, for the next try.
  ~OutgoingFile();

  // Gives up; the other end throws away what it has. on_finished follows with `cancelled`.
  void Cancel();

 private:
  struct Impl;
  explicit OutgoingFile(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

struct FileInboxOptions {
  // Files go into this folder, which exists, under a safe name and without replacing anything; what
  // broke off waits there as .pairwire-<id>.part, at most 16 files and a day.
  std::string directory = {};
  // Instead of a folder: a new sink for each file. With neither every file is refused
  // (not_accepted).
  std::function<std::unique_ptr<FileSink>()> sink = nullptr;
};

struct FileInboxEvents {
  // Room was made for a file; the first `offset` bytes are here from an earlier try.
  std::function<void(const FileOffer&, std::uint64_t offset)> on_started = nullptr;
  std::function<void(const FileOffer&, std::uint64_t received)> on_progress = nullptr;
  std::function<void(const ReceivedFile&, std::chrono::microseconds took)> on_file = nullptr;
  // The connection is gone; what came is kept, and goes on when the sender comes back.
  std::function<void(const FileOffer&, std::uint64_t received)> on_interrupted = nullptr;
  // A file did not arrive, and nothing of it was kept.
  std::function<void(const FileProblem&)> on_problem = nullptr;
};

// All files on their way in, of any number of sessions.
class FileInbox {
 public:
  // kInvalidArgument: both a folder and a sink.
  static Result<FileInbox> Create(Network& network, FileInboxOptions options,
                                  FileInboxEvents events);
  FileInbox();  // An empty handle: takes nothing.
  FileInbox(FileInbox&&) noexcept;
  FileInbox& operator=(FileInbox&&) noexcept;
  ~FileInbox();  // As Clear.

  // For SessionEvents::on_data_channel. True: it was a file's channel, and the handle is empty now.
  bool Take(DataChannel& channel);
  // Lets go of what is coming in; what can be resumed is kept.
  void Clear();

 private:
  struct Impl;
  explicit FileInbox(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

}  // namespace pairwire

#endif  // PAIRWIRE_BULK_H_
