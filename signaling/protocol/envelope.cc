// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/protocol/envelope.h"

#include <span>

#include "signaling/protocol/json_scan.h"
#include "signaling/protocol/limits.h"

namespace pairwire::protocol {
class EnvelopeView::Reader final : public MemberVisitor {
 public:
  explicit Reader(EnvelopeView& view) : view_(view) {}

  bool OnString(const JsonText& key, const JsonText& value) override {
    if (key.Means("data")) return Stop("data is not an object");
    std::string_view* field = Field(key);
    if (field == nullptr) return true;
    // Each of the fields comes once, so there is room for all.
    const std::span<char> space = std::span(view_.decoded_).subspan(used_, kMaxIdBytes);
    const auto meant = value.Decode(space);
    if (!meant) return Stop("a field of the envelope is too long");
    if (!IsPlainText(*meant)) return Stop("a field of the envelope has a control character");
    if (value.escaped()) used_ += kMaxIdBytes;
    *field = *meant;
    return true;
  }

  bool OnObject(const JsonText& key, std::string_view verbatim) override {
    if (key.Means("data")) {
      view_.data = verbatim;
      return true;
    }
    return OnOther(key);
  }

  bool OnOther(const JsonText& key) override {
    if (key.Means("data")) return Stop("data is not an object");
    return Field(key) == nullptr || Stop("a field of the envelope is not a string");
  }

  std::string_view reason() const override { return reason_; }

 private:
  static_assert(kMaxTypeBytes == kMaxIdBytes, "one bound serves all fields");

  std::string_view* Field(const JsonText& key) {
    if (key.Means("type")) return &view_.type;
    if (key.Means("to")) return &view_.to;
    if (key.Means("room")) return &view_.room;
    if (key.Means("id")) return &view_.id;
    if (key.Means("from")) return &view_.from;
    return nullptr;
  }
  bool Stop(std::string_view why) {
    reason_ = why;
    return false;
  }

  EnvelopeView& view_;
  std::size_t used_ = 0;
  std::string_view reason_ = "not an envelope";
};

Result<void> EnvelopeView::Parse(std::string_view text) {
  type = to = room = id = from = data = {};
  Reader reader(*this);
  if (auto scanned = ScanObject(text, kMaxMessageBytes, &reader); !scanned) return scanned;
  if (type.empty()) return Fail(Errc::kParseError, "type is missing");
  return {};
}

std::string ToJson(const Envelope& envelope) {
  JsonWriter writer;
  writer.Add("type", envelope.type);
  writer.AddIfSet("id", envelope.id).AddIfSet("from", envelope.from);
  writer.AddIfSet("to", envelope.to).AddIfSet("room", envelope.room);
  writer.AddRaw("data", envelope.data.text);
  return writer.Take();
}

void AppendEnvelope(std::string& out, std::string_view id, std::string_view type,
                    std::string_view from, std::string_view data) {
  out.push_back('{');
  if (!id.empty()) {
    out.append("\"id\":");
    AppendQuoted(out, id);
    out.push_back(',');
  }
  out.append("\"type\":");
  AppendQuoted(out, type);
  out.append(",\"from\":");
  AppendQuoted(out, from);
  out.append(",\"data\":").append(data).push_back('}');
}

Result<Envelope> ParseEnvelope(std::string_view text) {
  EnvelopeView view;
  if (auto parsed = view.Parse(text); !parsed) return tl::unexpected<Error>(parsed.error());
  return Envelope{std::string(view.type), std::string(view.to),   std::string(view.room),
                  std::string(view.id),   std::string(view.from), {std::string(view.data)}};
}

}  // namespace pairwire::protocol
