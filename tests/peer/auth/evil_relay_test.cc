// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// A relay that does what it likes with the messages of a pairing: each variant ends in auth_failed
// at the end that sees it, and there is no end that would give a message to its application.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "peer/auth/auth_failed.h"
#include "peer/auth/base64url.h"
#include "tests/peer/auth/exchange_pair.h"

namespace pairwire::auth {
namespace {

using test::ExchangePair;
using test::FingerprintOfByte;
using test::SdpWith;

// What the relay makes of each message. Box 1 of each direction is a candidate.
struct EvilRelay {
  std::function<void(std::string&)> hello = [](auto&) {};
  std::function<void(PakeMessage&)> offer = [](auto&) {};
  std::function<void(PakeMessage&)> answer = [](auto&) {};
  std::function<void(std::string&)> display_box = [](auto&) {};
  std::function<void(std::string&)> controller_box = [](auto&) {};
};

struct Outcome {
  bool display_failed = false;
  bool controller_failed = false;
  std::optional<PairingDescription> at_display;
  std::optional<PairingDescription> at_controller;
};

// Notes a failure: it has to be the one error.
template <typename T>
bool Good(const Result<T>& result, bool& failed) {
  if (result) return true;
  EXPECT_EQ(result.error(), (Error{Errc::kAuthFailed, std::string(kAuthFailedText)}));
  failed = true;
  return false;
}

Outcome RunThrough(ExchangePair& pair, const EvilRelay& relay) {
  Outcome outcome;
  std::string hello = *pair.controller->Hello();
  relay.hello(hello);
  if (!Good(pair.display->HandleHello(pair.now, hello), outcome.display_failed)) return outcome;
  PakeMessage offer = *pair.Offer();
  relay.offer(offer);
  auto offered = pair.controller->HandleOffer(pair.room, offer);
  if (!Good(offered, outcome.controller_failed)) return outcome;
  outcome.at_controller = *offered;
  std::string display_box = *pair.display->Seal(BoxKind::kCandidate, AsBytes("candidate:d"));
  relay.display_box(display_box);
  if (!Good(pair.controller->Open(BoxKind::kCandidate, display_box), outcome.controller_failed)) {
    return outcome;
  }
  PakeMessage answer = *pair.Answer();
  relay.answer(answer);
  auto answered = pair.display->HandleAnswer(pair.now, answer);
  if (!Good(answered, outcome.display_failed)) return outcome;
  outcome.at_display = *answered;
  std::string controller_box = *pair.controller->Seal(BoxKind::kCandidate, AsBytes("candidate:c"));
  relay.controller_box(controller_box);
  Good(pair.display->Open(BoxKind::kCandidate, controller_box), outcome.display_failed);
  return outcome;
}

// Neither end has the other's proof: whatever tags the relay can show, none is taken.
void ExpectNothingIsDelivered(ExchangePair& pair, const Outcome& outcome) {
  const auto tag_d = pair.display->OwnBindTag(pair.controller_fp);
  const auto tag_c = pair.controller->OwnBindTag(pair.display_fp);
  EXPECT_FALSE(tag_d && tag_c) << "both ends believe that they are connected";
  for (const auto& tag : {tag_d.value_or(BindTag{}), tag_c.value_or(BindTag{})}) {
    EXPECT_FALSE(pair.display->CheckBindTag(tag, pair.controller_fp));
    EXPECT_FALSE(pair.controller->CheckBindTag(tag, pair.display_fp));
  }
  // What an end took for the other's description was the other's.
  if (outcome.at_controller) {
    EXPECT_EQ(outcome.at_controller->fingerprint, pair.display_fp);
    EXPECT_EQ(outcome.at_controller->sdp, SdpWith(pair.display_fp));
  }
  if (outcome.at_display) {
    EXPECT_EQ(outcome.at_display->fingerprint, pair.controller_fp);
    EXPECT_EQ(outcome.at_display->sdp, SdpWith(pair.controller_fp));
  }
}

void FlipBit(std::string& base64, std::size_t bit) {
  Bytes bytes = *FromBase64Url(base64, 100'000);
  bytes[bit / 8 % bytes.size()] ^= static_cast<std::uint8_t>(1 << (bit % 8));
  base64 = ToBase64Url(bytes);
}

// The relay's own try: it knows all but the letters.
struct Intruder {
  explicit Intruder(std::uint64_t seed) : pair(seed) {
    pair.display_fp = pair.controller_fp = FingerprintOfByte(0xee);
    hello = *pair.controller->Hello();
  }
  ExchangePair pair;  // another display with other letters
  std::string hello;

  PakeMessage OfferTo(const std::string& victims_hello) {
    EXPECT_TRUE(pair.display->HandleHello(pair.now, victims_hello));
    return *pair.Offer();
  }
};

TEST(EvilRelay, AnHonestOneDoesNoHarm) {
  ExchangePair pair(1);
  const Outcome outcome = RunThrough(pair, {});
  EXPECT_FALSE(outcome.display_failed);
  EXPECT_FALSE(outcome.controller_failed);
  EXPECT_TRUE(outcome.at_display && outcome.at_controller);
  EXPECT_TRUE(pair.controller->CheckBindTag(*pair.display->OwnBindTag(pair.controller_fp),
                                            pair.display_fp));
}

TEST(EvilRelay, EveryVariantEndsInAuthFailed) {
  // The same ends a second time, with the same letters and certificates: what can be replayed.
  ExchangePair earlier(1);
  struct Recorded {
    std::string hello, display_box, controller_box;
    PakeMessage offer, answer;
  } old;
  {
    EvilRelay listener;
    listener.hello = [&](auto& m) { old.hello = m; };
    listener.offer = [&](auto& m) { old.offer = m; };
    listener.answer = [&](auto& m) { old.answer = m; };
    listener.display_box = [&](auto& m) { old.display_box = m; };
    listener.controller_box = [&](auto& m) { old.controller_box = m; };
    const Outcome outcome = RunThrough(earlier, listener);
    ASSERT_TRUE(outcome.at_display && outcome.at_controller);
  }
  Intruder intruder(77);
  const auto forged = [](PairingRole role) {
    const auto own = FingerprintOfByte(0xee);
    return ToBase64Url(EncodeDescription(role, {own, "session-1", SdpWith(own)}));
  };
  std::string seen_hello;
  PakeMessage seen_offer;
  std::string seen_display_box;

  enum Who { kDisplay, kController };
  struct Variant {
    const char* name;
    EvilRelay relay;
    Who sees;
  };
  std::vector<Variant> variants;
  const auto add = [&](const char* name, Who sees, const std::function<void(EvilRelay&)>& set) {
    EvilRelay relay;
    set(relay);
    variants.push_back({name, relay, sees});
  };
  // The hello.
  add("share of the relay's own in the hello", kController, [&](EvilRelay& r) {
    r.hello = [&](auto& m) {
      HelloMessage mine = *DecodeHello(m);
      mine.share = DecodeHello(intruder.hello)->share;
      m = EncodeHello(mine);
    };
  });
  add("a hello of the relay's own", kController,
      [&](EvilRelay& r) { r.hello = [&](auto& m) { m = intruder.hello; }; });
  add("another session id", kController, [&](EvilRelay& r) {
    r.hello = [](auto& m) {
      HelloMessage mine = *DecodeHello(m);
      mine.session_id[3] ^= 1;
      m = EncodeHello(mine);
    };
  });
  add("features taken away from the controller", kController, [&](EvilRelay& r) {
    r.hello = [](auto& m) {
      HelloMessage mine = *DecodeHello(m);
      AssociatedData data = *DecodeAssociatedData(mine.data);
      data.features.clear();
      mine.data = EncodeAssociatedData(data);
      m = EncodeHello(mine);
    };
  });
  add("letters said to be the URL's", kController, [&](EvilRelay& r) {
    r.hello = [](auto& m) {
      HelloMessage mine = *DecodeHello(m);
      AssociatedData data = *DecodeAssociatedData(mine.data);
      data.secret = SecretKind::kUrl;
      mine.data = EncodeAssociatedData(data);
      m = EncodeHello(mine);
    };
  });
  add("the controller called a display", kDisplay, [&](EvilRelay& r) {
    r.hello = [](auto& m) {
      HelloMessage mine = *DecodeHello(m);
      mine.data = EncodeAssociatedData({PairingRole::kDisplay, {"b"}, SecretKind::kLetters});
      m = EncodeHello(mine);
    };
  });
  add("another version", kDisplay, [&](EvilRelay& r) {
    r.hello = [](auto& m) {
      HelloMessage mine = *DecodeHello(m);
      auto& data = mine.data;
      const std::string_view text = AsText(data);
      data[text.find("pair/1") + 5] = '0';
      m = EncodeHello(mine);
    };
  });
  add("the identity as share", kDisplay, [&](EvilRelay& r) {
    r.hello = [](auto& m) {
      HelloMessage mine = *DecodeHello(m);
      mine.share.fill(0);
      m = EncodeHello(mine);
    };
  });
  add("no point as share", kDisplay, [&](EvilRelay& r) {
    r.hello = [](auto& m) {
      HelloMessage mine = *DecodeHello(m);
      mine.share[31] ^= 0x80;
      m = EncodeHello(mine);
    };
  });
  add("an old hello", kController,
      [&](EvilRelay& r) { r.hello = [&](auto& m) { m = old.hello; }; });
  add("garbage", kDisplay, [&](EvilRelay& r) { r.hello = [](auto& m) { m = "!"; }; });

  // The offer.
  add("the hello's share reflected", kController, [&](EvilRelay& r) {
    r.hello = [&](auto& m) { seen_hello = m; };
    r.offer = [&](auto& m) {
      ReplyMessage mine = *DecodeReply(m.pake);
      mine.share = DecodeHello(seen_hello)->share;
      m.pake = EncodeReply(mine);
    };
  });
  add("the hello reflected whole", kController, [&](EvilRelay& r) {
    r.hello = [&](auto& m) { seen_hello = m; };
    r.offer = [&](auto& m) {
      const HelloMessage hello = *DecodeHello(seen_hello);
      m.pake = EncodeReply({hello.share, hello.data, DecodeReply(m.pake)->tag});
    };
  });
  add("an old offer", kController,
      [&](EvilRelay& r) { r.offer = [&](auto& m) { m = old.offer; }; });
  add("an old box in a new offer", kController,
      [&](EvilRelay& r) { r.offer = [&](auto& m) { m.box = old.offer.box; }; });
  add("an offer by the relay itself", kController, [&](EvilRelay& r) {
    r.hello = [&](auto& m) { seen_hello = m; };
    r.offer = [&](auto& m) { m = intruder.OfferTo(seen_hello); };
  });
  add("another tag", kController, [&](EvilRelay& r) {
    r.offer = [](auto& m) {
      ReplyMessage mine = *DecodeReply(m.pake);
      mine.tag[63] ^= 1;
      m.pake = EncodeReply(mine);
    };
  });
  add("features taken away from the display", kController, [&](EvilRelay& r) {
    r.offer = [](auto& m) {
      ReplyMessage mine = *DecodeReply(m.pake);
      mine.data = EncodeAssociatedData({PairingRole::kDisplay, {}, SecretKind::kLetters});
      m.pake = EncodeReply(mine);
    };
  });
  add("the relay's fingerprint and SDP in the offer", kController,
      [&](EvilRelay& r) { r.offer = [&](auto& m) { m.box = forged(PairingRole::kDisplay); }; });
  add("a bit of the offer's box", kController,
      [&](EvilRelay& r) { r.offer = [](auto& m) { FlipBit(m.box, 100); }; });
  add("the display's fingerprint flipped under the seal", kController,
      [&](EvilRelay& r) { r.offer = [](auto& m) { FlipBit(m.box, 8 * 12); }; });
  add("no box", kController, [&](EvilRelay& r) { r.offer = [](auto& m) { m.box.clear(); }; });

  // The answer.
  add("the display's tag reflected", kDisplay, [&](EvilRelay& r) {
    r.offer = [&](auto& m) { seen_offer = m; };
    r.answer = [&](auto& m) { m.pake = EncodeConfirmation(DecodeReply(seen_offer.pake)->tag); };
  });
  add("the display's box reflected", kDisplay, [&](EvilRelay& r) {
    r.offer = [&](auto& m) { seen_offer = m; };
    r.answer = [&](auto& m) { m.box = seen_offer.box; };
  });
  add("another tag in the answer", kDisplay,
      [&](EvilRelay& r) { r.answer = [](auto& m) { FlipBit(m.pake, 77); }; });
  add("no tag", kDisplay, [&](EvilRelay& r) { r.answer = [](auto& m) { m.pake.clear(); }; });
  add("an old answer", kDisplay,
      [&](EvilRelay& r) { r.answer = [&](auto& m) { m = old.answer; }; });
  add("an old box in a new answer", kDisplay,
      [&](EvilRelay& r) { r.answer = [&](auto& m) { m.box = old.answer.box; }; });
  add("the relay's fingerprint and SDP in the answer", kDisplay,
      [&](EvilRelay& r) { r.answer = [&](auto& m) { m.box = forged(PairingRole::kController); }; });
  add("a bit of the answer's box", kDisplay,
      [&](EvilRelay& r) { r.answer = [](auto& m) { FlipBit(m.box, 5000); }; });

  // Order, later boxes.
  add("the offer's box once more as a candidate", kController, [&](EvilRelay& r) {
    r.offer = [&](auto& m) { seen_offer = m; };
    r.display_box = [&](auto& m) { m = seen_offer.box; };
  });
  add("the candidate before the offer", kController,
      [&](EvilRelay& r) { r.offer = [&](auto& m) { m.box = old.display_box; }; });
  add("an old candidate", kController,
      [&](EvilRelay& r) { r.display_box = [&](auto& m) { m = old.display_box; }; });
  add("the display's candidate reflected to it", kDisplay, [&](EvilRelay& r) {
    r.display_box = [&](auto& m) { seen_display_box = m; };
    r.controller_box = [&](auto& m) { m = seen_display_box; };
  });
  add("a candidate of its own", kDisplay, [&](EvilRelay& r) {
    r.controller_box = [](auto& m) {
      m = ToBase64Url(AsBytes("candidate:1 1 udp 1 192.0.2.1 9 typ host"));
    };
  });
  add("a bit of a candidate", kDisplay,
      [&](EvilRelay& r) { r.controller_box = [](auto& m) { FlipBit(m, 3); }; });

  std::uint64_t seed = 100;
  for (const Variant& variant : variants) {
    SCOPED_TRACE(variant.name);
    ExchangePair pair(++seed);
    const Outcome outcome = RunThrough(pair, variant.relay);
    EXPECT_EQ(outcome.display_failed, variant.sees == kDisplay);
    EXPECT_EQ(outcome.controller_failed, variant.sees == kController);
    ExpectNothingIsDelivered(pair, outcome);
  }
  EXPECT_GE(variants.size(), 35U);
}

// Dropping one candidate and delivering the next: order is part of what is promised.
TEST(EvilRelay, AMissingOrSwappedBoxIsSeen) {
  for (const bool swapped : {false, true}) {
    ExchangePair pair(5);
    ASSERT_TRUE(pair.Run());
    const auto first = pair.display->Seal(BoxKind::kCandidate, AsBytes("1"));
    const auto second = pair.display->Seal(BoxKind::kCandidate, AsBytes("2"));
    EXPECT_FALSE(pair.controller->Open(BoxKind::kCandidate, *second));
    EXPECT_EQ(pair.controller->state(), ControllerExchangeState::kFailed);
    if (swapped) {
      EXPECT_FALSE(pair.controller->Open(BoxKind::kCandidate, *first));
    }
  }
}

// Carrying a pairing over into another room of the relay's.
TEST(EvilRelay, ABoxIsForOneRoom) {
  ExchangePair pair(6);
  ASSERT_TRUE(pair.display->HandleHello(pair.now, *pair.controller->Hello()));
  const auto offer = pair.Offer();
  EXPECT_EQ(pair.controller->HandleOffer("session-2", *offer).error().code, Errc::kAuthFailed);
}

// Who forwards a hello to a display of another code gets nowhere: the lookup is in the key.
TEST(EvilRelay, TheSameLettersUnderOtherDigitsAreAnotherCode) {
  ExchangePair pair(7);
  pair.Type("4822", pair.letters.view());
  EXPECT_FALSE(pair.Run());
  EXPECT_EQ(pair.controller->state(), ControllerExchangeState::kFailed);
}

// Each bit of each message counts (the boxes' bits: sealed_box_test.cc).
TEST(EvilRelay, EachFlippedBitOfThePakeMessagesIsSeen) {
  const auto bits_of = [](const std::string& text) {
    return FromBase64Url(text, 9999)->size() * 8;
  };
  std::size_t hello_bits = 0;
  std::size_t reply_bits = 0;
  std::size_t fin_bits = 0;
  {
    ExchangePair pair(8);
    EvilRelay listener;
    listener.hello = [&](auto& m) { hello_bits = bits_of(m); };
    listener.offer = [&](auto& m) { reply_bits = bits_of(m.pake); };
    listener.answer = [&](auto& m) { fin_bits = bits_of(m.pake); };
    RunThrough(pair, listener);
  }
  const auto expect_seen = [](const EvilRelay& relay, std::size_t bit) {
    ExchangePair pair(8);
    const Outcome outcome = RunThrough(pair, relay);
    EXPECT_TRUE(outcome.display_failed || outcome.controller_failed) << bit;
    ExpectNothingIsDelivered(pair, outcome);
  };
  for (std::size_t bit = 0; bit < hello_bits; ++bit) {
    EvilRelay relay;
    relay.hello = [&](auto& m) { FlipBit(m, bit); };
    expect_seen(relay, bit);
  }
  for (std::size_t bit = 0; bit < reply_bits; ++bit) {
    EvilRelay relay;
    relay.offer = [&](auto& m) { FlipBit(m.pake, bit); };
    expect_seen(relay, bit);
  }
  for (std::size_t bit = 0; bit < fin_bits; ++bit) {
    EvilRelay relay;
    relay.answer = [&](auto& m) { FlipBit(m.pake, bit); };
    expect_seen(relay, bit);
  }
}

}  // namespace
}  // namespace pairwire::auth
