// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Every way in which a token may be wrong, one by one, beside one that is right: RFC 8725 section 2
// and 3, and what has broken other verifiers.
#include "signaling/auth/jwt.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <string>

#include "signaling/auth/base64url.h"
#include "tests/signaling/auth/test_issuer.h"

namespace pairwire::auth {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kNow = 1'800'000'000;
const TimePoint kNowTime{std::chrono::seconds(kNow)};

JwtOptions Options() {
  JwtOptions options;
  options.issuer = "https://id.example.org/";
  options.audience = "pairwire";
  return options;
}

// A good set of claims; each argument is the JSON of one of them, empty to leave it out.
struct Claims {
  std::string iss = R"("https://id.example.org/")";
  std::string aud = R"("pairwire")";
  std::string sub = R"("alice")";
  std::string nbf = std::to_string(kNow - 10);
  std::string exp = std::to_string(kNow + 600);
  std::string extra;

  std::string Text() const {
    std::string text;
    const auto add = [&](const char* name, const std::string& value) {
      if (value.empty()) return;
      text += (text.empty() ? "\"" : ",\"") + std::string(name) + "\":" + value;
    };
    add("iss", iss);
    add("aud", aud);
    add("sub", sub);
    add("nbf", nbf);
    add("exp", exp);
    return "{" + text + extra + "}";
  }
};

class Jwt : public testing::Test {
 protected:
  static KeySet Keys() { return KeySet::Parse(Jwks({KeyA().Jwk(), KeyB().Jwk()})).value(); }

  JwtResult Verify(const std::string& token, TimePoint now = kNowTime) const {
    return JwtVerifier(Options()).Verify(token, keys_, now);
  }
  // The refusal of a token, or a failure of the test when it counts.
  std::string Refused(const std::string& token, TimePoint now = kNowTime) const {
    const JwtResult result = Verify(token, now);
    return result ? "accepted" : std::string(ToString(result.error()));
  }
  std::string RefusedClaims(const Claims& claims) const {
    return Refused(KeyA().Token(claims.Text()));
  }
  std::string RefusedHeader(const std::string& header) const {
    return Refused(KeyA().Token(header, Claims().Text()));
  }

  const KeySet keys_ = Keys();
};

TEST_F(Jwt, AGoodTokenTellsItsUser) {
  Claims claims;
  claims.extra = R"(,"name":"Alice É","roles":["a","b"],"nested":{"x":1})";
  for (const IssuerKey* key : {&KeyA(), &KeyB()}) {
    const JwtResult result = Verify(key->Token(claims.Text()));
    ASSERT_TRUE(result) << ToString(result.error());
    EXPECT_EQ(result->user_id, "alice");
    EXPECT_EQ(result->name, "Alice É");
    EXPECT_EQ(result->expires, TimePoint(std::chrono::seconds(kNow + 660)));
  }
}

TEST_F(Jwt, AlgorithmNone) {
  for (const char* name : {"none", "NoNe", "NONE", "None", "nOnE"}) {
    const std::string input = SigningInput(
        std::string(R"({"alg":")") + name + R"(","typ":"JWT","kid":"key-a"})", Claims().Text());
    EXPECT_EQ(Refused(input + "."), "algorithm") << name;
    EXPECT_EQ(Refused(WithSignature(input, KeyA().SignRs256(input))), "algorithm") << name;
  }
}

TEST_F(Jwt, HmacKeyedWithThePublicKey) {
  // The classic: a verifier that lets the token choose takes the public PEM as the HMAC's secret.
  for (const char* algorithm : {"HS256", "RS256"}) {
    const std::string input =
        SigningInput(std::string(R"({"alg":")") + algorithm + R"(","typ":"JWT","kid":"key-a"})",
                     Claims().Text());
    for (const std::string& secret : {KeyA().PublicPem(), KeyA().Jwk(), std::string()}) {
      const std::string token = WithSignature(input, HmacSha256(secret, input));
      EXPECT_EQ(Refused(token), algorithm == std::string("HS256") ? "algorithm" : "signature");
    }
  }
}

TEST_F(Jwt, OtherAlgorithmsAndForms) {
  for (const char* alg :
       {"RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256", "RS256 ", "", "SHA256withRSA"}) {
    EXPECT_EQ(RefusedHeader(std::string(R"({"alg":")") + alg + R"(","typ":"JWT","kid":"key-a"})"),
              "algorithm")
        << alg;
  }
  for (const char* alg : {"null", "1", R"(["RS256"])", "{}", "true"}) {
    EXPECT_EQ(RefusedHeader(std::string(R"({"alg":)") + alg + R"(,"typ":"JWT","kid":"key-a"})"),
              "algorithm")
        << alg;
  }
  EXPECT_EQ(RefusedHeader(R"({"typ":"JWT","kid":"key-a"})"), "algorithm");
}

TEST_F(Jwt, Rs256HeaderOverOtherSignatures) {
  const std::string input =
      SigningInput(R"({"alg":"RS256","typ":"JWT","kid":"key-a"})", Claims().Text());
  EXPECT_EQ(Refused(WithSignature(input, KeyA().SignPs256(input))), "signature");
  EXPECT_EQ(Refused(WithSignature(input, KeyA().SignRs512(input))), "signature");
  EXPECT_EQ(Refused(WithSignature(input, KeyB().SignRs256(input))), "signature");
  EXPECT_EQ(Refused(WithSignature(input, KeyA().SignRs256(input))), "accepted");
}

TEST_F(Jwt, EmptyAndCutSignatures) {
  const std::string token = KeyA().Token(Claims().Text());
  const std::size_t dot = token.rfind('.');
  EXPECT_EQ(Refused(token.substr(0, dot + 1)), "signature");
  EXPECT_EQ(Refused(token.substr(0, dot)), "malformed");
  for (std::size_t cut = dot + 2; cut < token.size(); ++cut) {
    EXPECT_EQ(Refused(token.substr(0, cut)), "signature") << cut;
  }
  const std::string zeros(256, '\0');
  EXPECT_EQ(Refused(WithSignature(token.substr(0, dot), zeros)), "signature");
  // Zeros in front keep the number but not the length.
  const auto signature = DecodeBase64Url(token.substr(dot + 1)).value();
  EXPECT_EQ(Refused(WithSignature(token.substr(0, dot), std::string(1, '\0') + signature)),
            "signature");
}

TEST_F(Jwt, EveryCutAndEveryChangedCharacter) {
  const std::string token = KeyA().Token(Claims().Text());
  for (std::size_t cut = 0; cut < token.size(); ++cut) {
    EXPECT_FALSE(Verify(token.substr(0, cut))) << cut;
  }
  for (std::size_t at = 0; at < token.size(); ++at) {
    for (const char c : {'A', '.', '=', '+', ' ', '\0'}) {
      std::string changed = token;
      if (changed[at] == c) continue;
      changed[at] = c;
      EXPECT_FALSE(Verify(changed)) << at << " " << static_cast<int>(c);
    }
  }
}

TEST_F(Jwt, Base64ThatIsNotExact) {
  const std::string header = R"({"alg":"RS256","typ":"JWT","kid":"key-a"})";
  const std::string good = SigningInput(header, Claims().Text());
  const std::string encoded_header = EncodeBase64Url(header);
  for (const std::string& input :
       {encoded_header + "=." + EncodeBase64Url(Claims().Text()), " " + good,
        encoded_header + "." + EncodeBase64Url(Claims().Text()) + "\n", encoded_header + ".",
        "." + EncodeBase64Url(Claims().Text()), std::string(".")}) {
    EXPECT_EQ(Refused(WithSignature(input, KeyA().SignRs256(input))), "malformed") << input;
  }
  const std::string signature = EncodeBase64Url(KeyA().SignRs256(good));
  EXPECT_EQ(Refused(good + "." + signature + "."), "malformed");
  EXPECT_EQ(Refused(good + "." + signature + "=="), "signature");
  EXPECT_EQ(Refused(good + "." + signature + ".x"), "malformed");
  EXPECT_EQ(Refused(good + "." + signature), "accepted");
}

TEST_F(Jwt, DuplicateMembers) {
  Claims claims;
  claims.extra = R"(,"sub":"mallory")";
  EXPECT_EQ(RefusedClaims(claims), "malformed");
  claims.extra = R"(,"exp":9999999999)";
  EXPECT_EQ(RefusedClaims(claims), "malformed");
  // The same name in other letters of JSON.
  claims.extra = R"(,"s\u0075b":"mallory")";
  EXPECT_EQ(RefusedClaims(claims), "malformed");
  EXPECT_EQ(RefusedHeader(R"({"alg":"none","alg":"RS256","typ":"JWT","kid":"key-a"})"),
            "malformed");
}

TEST_F(Jwt, Issuer) {
  Claims claims;
  for (const char* iss :
       {"", "null", R"("")", R"("https://id.example.org")", R"("https://id.example.org/x")",
        R"("HTTPS://ID.EXAMPLE.ORG/")", R"(["https://id.example.org/"])", "1"}) {
    claims.iss = iss;
    EXPECT_EQ(RefusedClaims(claims), "issuer") << iss;
  }
}

TEST_F(Jwt, Audience) {
  Claims claims;
  for (const char* aud : {"", "null", R"("")", R"("other")", R"("pairwire2")", R"("Pairwire")",
                          "[]", R"(["other","another"])", R"([["pairwire"]])", R"(["pairwire",1])",
                          R"({"pairwire":1})", "true"}) {
    claims.aud = aud;
    EXPECT_EQ(RefusedClaims(claims), "audience") << aud;
  }
  claims.aud = R"(["other","pairwire"])";
  EXPECT_EQ(RefusedClaims(claims), "accepted");
}

TEST_F(Jwt, ExpiredAndNotYetValid) {
  Claims claims;
  claims.nbf = std::to_string(kNow - 1000);
  claims.exp = std::to_string(kNow - 60);
  EXPECT_EQ(RefusedClaims(claims), "expired");
  claims.exp = std::to_string(kNow - 59);  // within the leeway
  EXPECT_EQ(RefusedClaims(claims), "accepted");
  claims.exp = "0";
  EXPECT_EQ(RefusedClaims(claims), "expired");
  claims = {};
  claims.nbf = std::to_string(kNow + 61);
  EXPECT_EQ(RefusedClaims(claims), "not_yet_valid");
  claims.nbf = std::to_string(kNow + 60);
  EXPECT_EQ(RefusedClaims(claims), "accepted");
  claims = {};
  claims.extra = ",\"iat\":" + std::to_string(kNow + 61);
  EXPECT_EQ(RefusedClaims(claims), "not_yet_valid");
  // The same token, later.
  const std::string token = KeyA().Token(Claims().Text());
  EXPECT_EQ(Refused(token, kNowTime + 659s), "accepted");
  EXPECT_EQ(Refused(token, kNowTime + 660s), "expired");
}

TEST_F(Jwt, TimesOfTheWrongType) {
  const std::string soon = std::to_string(kNow + 600);
  for (const std::string& exp :
       {std::string(), std::string("null"), "\"" + soon + "\"", soon + ".5", std::string("1e400"),
        std::string("1e10"), std::string("-1"), std::string("true"), std::string("[") + soon + "]",
        std::string("9000000001"), std::string("18446744073709551615"),
        std::string("99999999999999999999999999"), "0" + soon, std::string("NaN")}) {
    Claims claims;
    claims.exp = exp;
    EXPECT_EQ(RefusedClaims(claims), "malformed") << exp;
  }
  for (const char* nbf : {"", "null", "\"0\"", "-1", "1e400", "{}"}) {
    Claims claims;
    claims.nbf = nbf;
    EXPECT_EQ(RefusedClaims(claims), "malformed") << nbf;
  }
  Claims claims;
  claims.extra = R"(,"iat":"0")";
  EXPECT_EQ(RefusedClaims(claims), "malformed");
}

TEST_F(Jwt, LivesTooLong) {
  Claims claims;
  claims.nbf = std::to_string(kNow - 10);
  claims.exp = std::to_string(kNow - 10 + 3600);
  EXPECT_EQ(RefusedClaims(claims), "accepted");
  claims.exp = std::to_string(kNow - 10 + 3601);
  EXPECT_EQ(RefusedClaims(claims), "lives_too_long");
  claims.exp = "9000000000";
  EXPECT_EQ(RefusedClaims(claims), "lives_too_long");
  // `nbf` may not hide when it was issued, and the end not lie before the beginning.
  claims = {};
  claims.extra = ",\"iat\":" + std::to_string(kNow - 3100);
  EXPECT_EQ(RefusedClaims(claims), "lives_too_long");
  claims = {};
  claims.nbf = std::to_string(kNow + 50);
  claims.exp = std::to_string(kNow + 50);
  EXPECT_EQ(RefusedClaims(claims), "lives_too_long");
}

TEST_F(Jwt, SubjectsThatAreNoUserIds) {
  Claims claims;
  for (const std::string& sub :
       {std::string(), std::string("null"), std::string(R"("")"), std::string("1"),
        std::string(R"("a b")"), std::string(R"("a:b")"), std::string(R"("a{b}")"),
        std::string(R"("a/b")"), std::string(R"("a\nb")"), std::string(R"("\u0000")"),
        std::string(R"("é")"), "\"" + std::string(65, 'x') + "\"", std::string(R"(["alice"])")}) {
    claims.sub = sub;
    EXPECT_EQ(RefusedClaims(claims), "subject") << sub;
  }
  for (const std::string& sub : {std::string(64, 'x'), std::string("Az09_.~@-")}) {
    claims.sub = "\"" + sub + "\"";
    EXPECT_EQ(RefusedClaims(claims), "accepted") << sub;
  }
}

TEST_F(Jwt, ABadNameIsLeftOut) {
  for (const std::string& name : {std::string("1"), "\"" + std::string(65, 'x') + "\"",
                                  std::string(R"("a\u001bb")"), std::string("null")}) {
    Claims claims;
    claims.extra = ",\"name\":" + name;
    const auto result = Verify(KeyA().Token(claims.Text()));
    ASSERT_TRUE(result) << name;
    EXPECT_EQ(result->name, "");
  }
}

TEST_F(Jwt, KeysInTheHeaderAreIgnored) {
  // A token that brings its own key is still judged by ours.
  const IssuerKey mallory("key-a");
  for (const std::string& extra :
       {"\"jwk\":" + mallory.Jwk() + ",", std::string(R"("jku":"https://evil.example/jwks",)"),
        std::string(R"("x5u":"https://evil.example/cert",)"),
        std::string(R"("x5c":["MIIB"],"x5t":"x",)")}) {
    const std::string header = "{" + extra + R"("alg":"RS256","typ":"JWT","kid":"key-a"})";
    EXPECT_EQ(Refused(mallory.Token(header, Claims().Text())), "signature") << extra;
    EXPECT_EQ(Refused(KeyA().Token(header, Claims().Text())), "accepted") << extra;
  }
}

TEST_F(Jwt, KeyNames) {
  EXPECT_EQ(RefusedHeader(R"({"alg":"RS256","typ":"JWT","kid":"key-c"})"), "unknown_key");
  EXPECT_EQ(RefusedHeader(R"({"alg":"RS256","typ":"JWT","kid":""})"), "unknown_key");
  EXPECT_EQ(RefusedHeader(R"({"alg":"RS256","typ":"JWT","kid":"../../etc/passwd"})"),
            "unknown_key");
  EXPECT_EQ(RefusedHeader(R"({"alg":"RS256","typ":"JWT","kid":"key-b"})"), "signature");
  EXPECT_EQ(RefusedHeader(R"({"alg":"RS256","typ":"JWT","kid":1})"), "malformed");
  EXPECT_EQ(RefusedHeader(R"({"alg":"RS256","typ":"JWT","kid":")" + std::string(257, 'k') + "\"}"),
            "malformed");
  // Without a name the only key is meant; of two neither is.
  const std::string nameless = KeyA().Token(R"({"alg":"RS256","typ":"JWT"})", Claims().Text());
  EXPECT_EQ(Refused(nameless), "unknown_key");
  const KeySet one = KeySet::Parse(Jwks({KeyA().Jwk()})).value();
  EXPECT_TRUE(JwtVerifier(Options()).Verify(nameless, one, kNowTime));
}

TEST_F(Jwt, Types) {
  for (const char* typ : {R"("JWT")", R"("jwt")", R"("application/jwt")"}) {
    EXPECT_EQ(RefusedHeader(std::string(R"({"alg":"RS256","kid":"key-a","typ":)") + typ + "}"),
              "accepted")
        << typ;
  }
  for (const char* typ : {"null", R"("")", R"("at+jwt")", R"("dpop+jwt")", R"("JWE")", "1"}) {
    EXPECT_EQ(RefusedHeader(std::string(R"({"alg":"RS256","kid":"key-a","typ":)") + typ + "}"),
              "type")
        << typ;
  }
  EXPECT_EQ(RefusedHeader(R"({"alg":"RS256","kid":"key-a"})"), "type");
  JwtOptions options = Options();
  options.type = "at+jwt";
  const std::string token =
      KeyA().Token(R"({"alg":"RS256","typ":"application/at+jwt","kid":"key-a"})", Claims().Text());
  EXPECT_TRUE(JwtVerifier(options).Verify(token, keys_, kNowTime));
}

TEST_F(Jwt, ExtensionsThatMustBeUnderstood) {
  for (const char* crit : {R"(["exp"])", "[]", R"("b64")", R"(["b64"],"b64":false)", "{}"}) {
    EXPECT_EQ(RefusedHeader(std::string(R"({"alg":"RS256","typ":"JWT","kid":"key-a","crit":)") +
                            crit + "}"),
              "malformed")
        << crit;
  }
}

TEST_F(Jwt, SizesAndDepths) {
  EXPECT_EQ(Refused(std::string(1024 * 1024, 'x')), "too_long");
  Claims claims;
  claims.extra = R"(,"x":")" + std::string(8 * 1024, 'x') + "\"";
  EXPECT_EQ(RefusedClaims(claims), "too_long");
  claims.extra = R"(,"x":")" + std::string(4 * 1024, 'x') + "\"";
  EXPECT_EQ(RefusedClaims(claims), "accepted");
  claims.extra = ",\"x\":" + std::string(100, '[') + std::string(100, ']');
  EXPECT_EQ(RefusedClaims(claims), "malformed");
  EXPECT_EQ(RefusedHeader(R"([{"alg":"RS256"}])"), "malformed");
  EXPECT_EQ(Refused(KeyA().Token("[]")), "malformed");
  EXPECT_EQ(Refused(KeyA().Token("null")), "malformed");
  EXPECT_EQ(Refused(""), "malformed");
  EXPECT_EQ(Refused(".."), "malformed");
  EXPECT_EQ(Refused("..."), "malformed");
}

TEST_F(Jwt, NothingCountsWithoutConfiguration) {
  Claims claims;
  claims.iss = R"("")";
  EXPECT_FALSE(JwtVerifier(JwtOptions{}).Verify(KeyA().Token(claims.Text()), keys_, kNowTime));
  JwtOptions no_audience = Options();
  no_audience.audience.clear();
  claims = {};
  claims.aud = R"([""])";
  EXPECT_FALSE(JwtVerifier(no_audience).Verify(KeyA().Token(claims.Text()), keys_, kNowTime));
  EXPECT_FALSE(JwtVerifier(Options()).Verify(KeyA().Token(Claims().Text()), KeySet(), kNowTime));
}

TEST_F(Jwt, LeavesNoErrorForOthers) {
  // TLS on the same thread reads OpenSSL's error queue.
  ERR_clear_error();
  const std::string input =
      SigningInput(R"({"alg":"RS256","typ":"JWT","kid":"key-a"})", Claims().Text());
  EXPECT_EQ(Refused(WithSignature(input, KeyB().SignRs256(input))), "signature");
  EXPECT_FALSE(RsaKey::Make("\x01", "\x03"));
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

}  // namespace
}  // namespace pairwire::auth
