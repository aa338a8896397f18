// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Offers and answers as other implementations send them. Those of Chromium, libwebrtc and
// libdatachannel were captured; those of Firefox, Pion, werift and aiortc follow their printers
// line by line with made-up values. Addresses are those of RFC 5737 and RFC 3849. Lines end in LF
// here; WithCrlf makes them what they are on the wire.
#ifndef PAIRWIRE_TESTS_PEER_SDP_REAL_DESCRIPTIONS_H_
#define PAIRWIRE_TESTS_PEER_SDP_REAL_DESCRIPTIONS_H_

#include <string>
#include <string_view>

namespace pairwire::testing {

inline std::string WithCrlf(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out.push_back('\r');
    out.push_back(c);
  }
  return out;
}

// Chromium 156, setLocalDescription() before a candidate was found.
inline constexpr std::string_view kChromiumOffer = R"(v=0
o=- 2026543269392083190 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:+Jsz
a=ice-pwd:KNP5kX6i+DtvwmnexMHk9MZn
a=ice-options:trickle
a=fingerprint:sha-256 F4:38:08:01:6F:D9:4F:6D:76:43:E3:54:C5:8B:B4:F1:91:C5:00:E0:D3:D2:AD:EF:CD:B8:D6:DD:79:D0:0C:48
a=setup:actpass
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
)";

// The same with its candidates; the addresses are mDNS names.
inline constexpr std::string_view kChromiumFullOffer = R"(v=0
o=- 2026543269392083190 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:1075021755 1 udp 2113937151 9677d548-0dfb-42ce-8c47-4065f1504854.local 59887 typ host generation 0 network-cost 999
a=candidate:1197599499 1 udp 2113942271 7afc83d2-6b97-4589-940b-197c655de1a2.local 46541 typ host generation 0 network-cost 999
a=ice-ufrag:+Jsz
a=ice-pwd:KNP5kX6i+DtvwmnexMHk9MZn
a=ice-options:trickle
a=fingerprint:sha-256 F4:38:08:01:6F:D9:4F:6D:76:43:E3:54:C5:8B:B4:F1:91:C5:00:E0:D3:D2:AD:EF:CD:B8:D6:DD:79:D0:0C:48
a=setup:actpass
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
)";

// Chromium 156, answer to the above.
inline constexpr std::string_view kChromiumAnswer = R"(v=0
o=- 2986354293532736438 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:rtf8
a=ice-pwd:1TVlHm3TBkwlu81nD87+QFpn
a=ice-options:trickle
a=fingerprint:sha-256 7F:55:A9:BE:81:A6:9F:AB:A3:64:68:28:49:F5:78:7E:02:2C:74:CC:A6:DC:7C:52:DE:98:AB:C8:62:2C:C4:44
a=setup:active
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
)";

// libwebrtc as in @roamhq/wrtc, after gathering: UDP and passive TCP candidates.
inline constexpr std::string_view kLibwebrtcOffer = R"(v=0
o=- 2090265175205012885 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 36425 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.0.2.2
a=candidate:3077952869 1 udp 2122265343 2001:db8::2 39506 typ host generation 0 network-id 2
a=candidate:3229573512 1 udp 2122194687 192.0.2.2 36425 typ host generation 0 network-id 1
a=candidate:559267639 1 udp 2122136831 ::1 55482 typ host generation 0 network-id 4
a=candidate:1510613869 1 udp 2122063615 127.0.0.1 37727 typ host generation 0 network-id 3
a=candidate:4193659285 1 tcp 1518285567 2001:db8::2 55381 typ host tcptype passive generation 0 network-id 2
a=candidate:2398920056 1 tcp 1518214911 192.0.2.2 55225 typ host tcptype passive generation 0 network-id 1
a=candidate:1876313031 1 tcp 1518157055 ::1 33139 typ host tcptype passive generation 0 network-id 4
a=candidate:344579997 1 tcp 1518083839 127.0.0.1 54803 typ host tcptype passive generation 0 network-id 3
a=ice-ufrag:hS4J
a=ice-pwd:A+TPuIKfNP4olu4U8yyLX1yP
a=ice-options:trickle
a=fingerprint:sha-256 34:4B:11:84:71:51:57:8D:69:70:91:61:BB:CE:09:71:38:57:6B:44:0D:E6:8F:94:A0:D7:4B:BE:93:FE:CD:A2
a=setup:actpass
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
)";

// libwebrtc, answer to the above.
inline constexpr std::string_view kLibwebrtcAnswer = R"(v=0
o=- 8332516481414711221 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic: WMS
m=application 42049 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.0.2.2
a=candidate:3077952869 1 udp 2122265343 2001:db8::2 46491 typ host generation 0 network-id 2
a=candidate:3229573512 1 udp 2122194687 192.0.2.2 42049 typ host generation 0 network-id 1
a=candidate:559267639 1 udp 2122136831 ::1 37895 typ host generation 0 network-id 4
a=candidate:1510613869 1 udp 2122063615 127.0.0.1 52088 typ host generation 0 network-id 3
a=ice-ufrag:O+jy
a=ice-pwd:QbgVCfHzN33XvlqB0+fCO3b2
a=ice-options:trickle
a=fingerprint:sha-256 1F:2A:6E:15:83:25:C2:AD:AE:83:23:62:7F:D6:F2:82:AD:2A:D3:C4:2F:05:1E:A8:18:78:3E:16:D8:8C:24:73
a=setup:active
a=mid:0
a=sctp-port:5000
a=max-message-size:262144
)";

// libwebrtc with audio, video and data; most codec lines are left out.
inline constexpr std::string_view kMediaOffer = R"(v=0
o=- 8294468518538671250 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1 2
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 103 104 9 102 0 8 106 105 13 110 112 113 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:Z/aM
a=ice-pwd:3i6ZJejkoCVomNdDgbkCk66G
a=ice-options:trickle
a=fingerprint:sha-256 DE:A1:1A:1E:90:A9:2D:DE:18:6D:DB:2D:25:6E:75:56:63:47:01:FD:FC:B5:66:CF:A8:F9:4E:B4:FE:0B:C6:00
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:- fcc29650-5a5a-44a1-89e0-b1e83d5dab1e
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:0 PCMU/8000
a=ssrc:729493447 cname:3e5FZdM/s2O5d35v
a=ssrc:729493447 msid:- fcc29650-5a5a-44a1-89e0-b1e83d5dab1e
m=video 9 UDP/TLS/RTP/SAVPF 96 97 39 40 98 99 100 101 125 124 127
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:Z/aM
a=ice-pwd:3i6ZJejkoCVomNdDgbkCk66G
a=ice-options:trickle
a=fingerprint:sha-256 DE:A1:1A:1E:90:A9:2D:DE:18:6D:DB:2D:25:6E:75:56:63:47:01:FD:FC:B5:66:CF:A8:F9:4E:B4:FE:0B:C6:00
a=setup:actpass
a=mid:1
a=extmap:14 urn:ietf:params:rtp-hdrext:toffset
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:13 urn:3gpp:video-orientation
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay
a=extmap:6 http://www.webrtc.org/experiments/rtp-hdrext/video-content-type
a=extmap:7 http://www.webrtc.org/experiments/rtp-hdrext/video-timing
a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id
a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id
a=sendrecv
a=msid:- 3be13a91-d2bd-4aea-8e3c-2fa8f8da4c70
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 transport-cc
a=rtcp-fb:96 ccm fir
a=rtcp-fb:96 nack
a=rtcp-fb:96 nack pli
a=ssrc-group:FID 4267044029 3786533260
a=ssrc:4267044029 cname:3e5FZdM/s2O5d35v
a=ssrc:4267044029 msid:- 3be13a91-d2bd-4aea-8e3c-2fa8f8da4c70
a=ssrc:3786533260 cname:3e5FZdM/s2O5d35v
a=ssrc:3786533260 msid:- 3be13a91-d2bd-4aea-8e3c-2fa8f8da4c70
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:Z/aM
a=ice-pwd:3i6ZJejkoCVomNdDgbkCk66G
a=ice-options:trickle
a=fingerprint:sha-256 DE:A1:1A:1E:90:A9:2D:DE:18:6D:DB:2D:25:6E:75:56:63:47:01:FD:FC:B5:66:CF:A8:F9:4E:B4:FE:0B:C6:00
a=setup:actpass
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
)";

// libdatachannel, before a candidate was found: ICE options and fingerprint at session level.
inline constexpr std::string_view kLibdatachannelOffer = R"(v=0
o=rtc 20671897 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic:WMS *
a=ice-options:ice2,trickle
a=fingerprint:sha-256 DA:56:0C:C4:EF:6E:93:4B:74:D4:98:D2:C9:2A:7A:AD:AF:52:83:BE:72:12:A1:C6:E0:14:93:1D:17:41:6F:EB
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:0
a=sendrecv
a=sctp-port:5000
a=max-message-size:262144
a=setup:actpass
a=ice-ufrag:0HDz
a=ice-pwd:O4V13BCpXZ6RVleshYLXzl
)";

// The same with its candidates.
inline constexpr std::string_view kLibdatachannelFullOffer = R"(v=0
o=rtc 20671897 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic:WMS *
a=ice-options:ice2,trickle
a=fingerprint:sha-256 DA:56:0C:C4:EF:6E:93:4B:74:D4:98:D2:C9:2A:7A:AD:AF:52:83:BE:72:12:A1:C6:E0:14:93:1D:17:41:6F:EB
m=application 38735 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.0.2.2
a=mid:0
a=sendrecv
a=sctp-port:5000
a=max-message-size:262144
a=setup:actpass
a=ice-ufrag:0HDz
a=ice-pwd:O4V13BCpXZ6RVleshYLXzl
a=candidate:2 1 UDP 2116026111 2001:db8::2 38735 typ host
a=candidate:1 1 UDP 2114977791 192.0.2.2 38735 typ host
a=end-of-candidates
)";

// libdatachannel, answer to the above.
inline constexpr std::string_view kLibdatachannelAnswer = R"(v=0
o=rtc 2362330562 0 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic:WMS *
a=ice-options:ice2,trickle
a=fingerprint:sha-256 38:B8:57:B3:DE:2B:56:98:D0:FF:FB:AB:B5:9A:5D:2C:1E:23:D1:71:30:0F:34:2C:EB:36:09:31:54:1B:0A:22
m=application 33391 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.0.2.2
a=mid:0
a=sendrecv
a=sctp-port:5000
a=max-message-size:262144
a=setup:active
a=ice-ufrag:H+Gw
a=ice-pwd:GvqgUKFgc1YFbVsiTOcBg4
a=candidate:2 1 UDP 2116026111 2001:db8::2 33391 typ host
a=candidate:1 1 UDP 2114977791 192.0.2.2 33391 typ host
a=end-of-candidates
)";

// Firefox: fingerprint at session level, hexadecimal credentials, 1 GiB messages.
inline constexpr std::string_view kFirefoxOffer = R"(v=0
o=mozilla...THIS_IS_SDPARTA-99.0 8034728413290811023 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 A5:4D:CA:18:25:30:BB:1D:6D:13:2C:DE:D6:23:7B:2E:D9:1E:3F:72:1F:CB:19:71:17:44:94:D6:49:3C:9D:5C
a=group:BUNDLE 0
a=ice-options:trickle
a=msid-semantic:WMS *
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=sendrecv
a=ice-pwd:36b3216fdaeeb975729fae923d5a4fd1
a=ice-ufrag:2aabfe22
a=mid:0
a=setup:actpass
a=sctp-port:5000
a=max-message-size:1073741823
)";

// Firefox, an answer.
inline constexpr std::string_view kFirefoxAnswer = R"(v=0
o=mozilla...THIS_IS_SDPARTA-99.0 5518238116103241741 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 8A:F2:21:1F:9E:E4:91:C5:B1:0B:EC:B5:56:3B:FC:1E:6F:93:42:7E:CB:C8:FE:29:55:E5:CD:8E:46:DC:8E:D4
a=group:BUNDLE 0
a=ice-options:trickle
a=msid-semantic:WMS *
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=candidate:0 1 UDP 2122252543 192.0.2.7 54400 typ host
a=candidate:2 1 TCP 2105524479 192.0.2.7 9 typ host tcptype active
a=sendrecv
a=end-of-candidates
a=ice-pwd:bc74254770f58904dba41ecccc3fc162
a=ice-ufrag:6e53a130
a=mid:0
a=setup:active
a=sctp-port:5000
a=max-message-size:1073741823
)";

// Firefox with bundlePolicy "max-bundle", audio and data: the data section has no transport of its
// own.
inline constexpr std::string_view kFirefoxBundleOnlyOffer = R"(v=0
o=mozilla...THIS_IS_SDPARTA-99.0 4122376612270716345 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 4D:33:BA:0D:24:6A:C0:4C:81:B1:BA:F2:3E:3B:F9:EE:F5:F7:9F:2B:49:34:AF:87:F5:52:0B:69:B9:4B:0D:98
a=group:BUNDLE 0 1
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a=sendrecv
a=ice-pwd:28b5b7a767c76fb008f86bebb2737f6a
a=ice-ufrag:6f0fb23c
a=mid:0
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=setup:actpass
m=application 0 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=bundle-only
a=sendrecv
a=mid:1
a=sctp-port:5000
a=max-message-size:1073741823
)";

// Pion v4 after gathering: both components are printed, though RTCP is multiplexed.
inline constexpr std::string_view kPionOffer = R"(v=0
o=- 4215775240449105457 1772457612 IN IP4 0.0.0.0
s=-
t=0 0
a=msid-semantic:WMS *
a=fingerprint:sha-256 66:F4:5B:DE:AA:2C:CA:ED:CD:2B:51:57:41:0E:4D:EE:4A:F2:B3:4F:43:0A:07:34:47:DE:63:6C:0E:80:6C:95
a=extmap-allow-mixed
a=group:BUNDLE 0
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=setup:actpass
a=mid:0
a=sendrecv
a=sctp-port:5000
a=max-message-size:1073741823
a=ice-ufrag:GpWLuqIAidVwDQLH
a=ice-pwd:AGiIjHGbCXlMaXZjljENUhJduRHHJEYX
a=candidate:3367598390 1 udp 2130706431 192.0.2.9 49837 typ host
a=candidate:3367598390 2 udp 2130706431 192.0.2.9 49837 typ host
a=end-of-candidates
)";

// Pion v4, an answer without candidates.
inline constexpr std::string_view kPionAnswer = R"(v=0
o=- 7734190236212354406 1772457613 IN IP4 0.0.0.0
s=-
t=0 0
a=fingerprint:sha-256 36:1D:7F:61:8D:15:32:E7:0E:20:E2:A6:66:8D:E7:F4:7E:84:67:E5:46:D5:3E:C8:E2:A1:25:7B:DB:25:6C:9B
a=extmap-allow-mixed
a=group:BUNDLE 0
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=setup:active
a=mid:0
a=sendrecv
a=sctp-port:5000
a=ice-ufrag:YhXjTPQxjqiDoVgz
a=ice-pwd:FkQokTBGzvAmwufUxbvJDCTbyvHNsGeh
)";

// werift: 64 KiB messages, said aloud.
inline constexpr std::string_view kWeriftOffer = R"(v=0
o=- 24763917 0 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0
a=extmap-allow-mixed
a=msid-semantic:WMS *
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:7328
a=ice-pwd:81584d8c4fa2815d280282
a=ice-options:trickle
a=fingerprint:sha-256 71:22:87:3E:E8:05:AD:D5:89:42:16:7A:38:52:86:19:5C:67:9F:9C:69:94:E4:5B:8A:B1:09:80:12:07:09:61
a=setup:actpass
a=sendrecv
a=mid:0
a=sctp-port:5000
a=max-message-size:65536
)";

// aiortc: no trickling, so candidates are in; three hash functions.
inline constexpr std::string_view kAiortcOffer = R"(v=0
o=- 3908283918 3908283918 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0
a=msid-semantic:WMS *
m=application 40523 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 192.0.2.11
a=mid:0
a=sctp-port:5000
a=max-message-size:65536
a=candidate:f7e3dfc967a64cb14028d512c9791e55 1 udp 2130706431 192.0.2.11 40523 typ host
a=end-of-candidates
a=ice-ufrag:rCaq
a=ice-pwd:xvJupctnwlavyfErGPmpGX
a=fingerprint:sha-256 02:2E:87:2D:49:CC:15:C9:0B:99:9B:77:2B:4F:C7:A6:FD:4C:91:4A:16:DB:47:08:75:2B:0F:15:44:B8:35:C0
a=fingerprint:sha-384 E7:19:09:7D:FA:87:01:E9:23:2F:21:F2:81:26:87:78:69:76:EB:FC:C3:27:F5:93:17:65:27:4B:A9:82:9B:44:06:F6:1F:F8:89:32:6F:FA:94:92:ED:EE:EE:3C:66:9F
a=fingerprint:sha-512 2B:F2:08:94:EA:27:E6:89:C6:6B:6B:26:2E:48:86:B8:43:8F:39:BA:76:FE:F8:C9:0C:51:01:FB:E6:CF:9A:48:D5:B0:C0:A1:3D:A9:00:A6:AD:CB:3D:64:06:94:81:BE:21:C9:C7:27:B8:DB:8C:18:8F:34:1A:92:4C:7F:88:DF
a=setup:actpass
)";

// The form before RFC 8841 (Chromium up to 2019): not a data section for us.
inline constexpr std::string_view kOldFormOffer = R"(v=0
o=- 2026543269392083190 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE data
m=application 9 DTLS/SCTP 5000
c=IN IP4 0.0.0.0
a=ice-ufrag:GumX
a=ice-pwd:xYBbZWOzJJnUfdUACNWiPsFd
a=ice-options:trickle
a=fingerprint:sha-256 41:57:F1:D4:AF:90:98:82:85:CF:7A:9A:F7:C9:3D:55:52:26:6A:FE:70:E7:AA:E6:DA:47:62:7C:2E:59:AF:2E
a=setup:actpass
a=mid:data
a=sctpmap:5000 webrtc-datachannel 1024
)";

struct RealDescription {
  std::string_view name;
  std::string_view text;
};

// All that have a data section which we can use.
inline constexpr RealDescription kRealOffers[] = {
    {"ChromiumOffer", kChromiumOffer},
    {"ChromiumFullOffer", kChromiumFullOffer},
    {"LibwebrtcOffer", kLibwebrtcOffer},
    {"MediaOffer", kMediaOffer},
    {"LibdatachannelOffer", kLibdatachannelOffer},
    {"LibdatachannelFullOffer", kLibdatachannelFullOffer},
    {"FirefoxOffer", kFirefoxOffer},
    {"FirefoxBundleOnlyOffer", kFirefoxBundleOnlyOffer},
    {"PionOffer", kPionOffer},
    {"WeriftOffer", kWeriftOffer},
    {"AiortcOffer", kAiortcOffer},
};

inline constexpr RealDescription kRealAnswers[] = {
    {"ChromiumAnswer", kChromiumAnswer},
    {"LibwebrtcAnswer", kLibwebrtcAnswer},
    {"LibdatachannelAnswer", kLibdatachannelAnswer},
    {"FirefoxAnswer", kFirefoxAnswer},
    {"PionAnswer", kPionAnswer},
};

}  // namespace pairwire::testing

#endif  // PAIRWIRE_TESTS_PEER_SDP_REAL_DESCRIPTIONS_H_
