// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
#include "signaling/protocol/events.h"

#include <algorithm>
#include <array>

namespace pairwire::protocol {

TypeKind KindOfType(std::string_view type) {
  if (type == kWebrtcIceCandidate || type == kWebrtcOffer || type == kWebrtcAnswer) {
    return TypeKind::kWebrtc;
  }
  if (type == kMessageSend) return TypeKind::kMessage;
  if (type == kHeartbeat) return TypeKind::kAlive;
  if (type == kResume) return TypeKind::kContinue;
  if (type == kJoinRoom || type == kLeaveRoom || type == kSubscribeRoom ||
      type == kUnsubscribeRoom) {
    return TypeKind::kRoom;
  }
  if (type == kAuthRefresh) return TypeKind::kRefresh;
  constexpr std::array kLater = {
      kDisplayStatus, kDisplayHealth,      kAnimationFrame,     kChatMessage,
      kFindMatch,     kCancelMatch,        kSfuProduce,         kSfuGetRouterCapabilities,
      kSfuConsume,    kSfuCreateTransport, kSfuConnectTransport};
  const bool later = std::find(kLater.begin(), kLater.end(), type) != kLater.end();
  return later ? TypeKind::kNotSupported : TypeKind::kUnknown;
}

bool MayBroadcast(std::string_view type) {
  constexpr std::array kOurs = {kWelcome,     kPairingReady, kSessionTerminated,
                                kUserJoined,  kUserLeft,     kServerDraining,
                                kAck,         kError,        kMessageReceived,
                                kWebrtcOffer, kWebrtcAnswer, kWebrtcIceCandidate};
  return !type.empty() && std::find(kOurs.begin(), kOurs.end(), type) == kOurs.end();
}

}  // namespace pairwire::protocol
