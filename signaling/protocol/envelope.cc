// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/protocol/envelope.h"

#include <utility>

#include "signaling/protocol/json_scan.h"
#include "signaling/protocol/limits.h"

namespace pairwire::protocol {
namespace {

class EnvelopeReader final : public MemberVisitor {
 public:
  bool OnString(std::string_view key, std::string& value) override {
    if (key == "data") return Stop("data is not an object");
    std::string* field = Field(key);
    if (field == nullptr) return true;
    if (value.size() > kMaxIdBytes) return Stop("a field of the envelope is too long");
    if (!IsPlainText(value)) return Stop("a field of the envelope has a control character");
    *field = std::move(value);
    return true;
  }

  bool OnObject(std::string_view key, std::string_view verbatim) override {
    if (key == "data") {
      envelope_.data.text = verbatim;
      return true;
    }
    return OnOther(key);
  }

  bool OnOther(std::string_view key) override {
    if (key == "data") return Stop("data is not an object");
    return Field(key) == nullptr || Stop("a field of the envelope is not a string");
  }

  std::string_view reason() const override { return reason_; }
  Envelope Take() { return std::move(envelope_); }

 private:
  static_assert(kMaxTypeBytes == kMaxIdBytes, "one bound serves all fields");

  std::string* Field(std::string_view key) {
    if (key == "type") return &envelope_.type;
    if (key == "to") return &envelope_.to;
    if (key == "room") return &envelope_.room;
    if (key == "id") return &envelope_.id;
    if (key == "from") return &envelope_.from;
    return nullptr;
  }
  bool Stop(std::string_view why) {
    reason_ = why;
    return false;
  }

  Envelope envelope_;
  std::string_view reason_ = "not an envelope";
};

}  // namespace

std::string ToJson(const Envelope& envelope) {
  JsonWriter writer;
  writer.Add("type", envelope.type);
  writer.AddIfSet("id", envelope.id).AddIfSet("from", envelope.from);
  writer.AddIfSet("to", envelope.to).AddIfSet("room", envelope.room);
  writer.AddRaw("data", envelope.data.text);
  return writer.Take();
}

Result<Envelope> ParseEnvelope(std::string_view text) {
  EnvelopeReader reader;
  if (auto scanned = ScanObject(text, kMaxMessageBytes, &reader); !scanned) {
    return tl::unexpected<Error>(std::move(scanned.error()));
  }
  Envelope envelope = reader.Take();
  if (envelope.type.empty()) return Fail(Errc::kParseError, "type is missing");
  return envelope;
}

}  // namespace pairwire::protocol
