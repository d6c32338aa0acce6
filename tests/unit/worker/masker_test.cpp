#include "worker/masker.h"

#include <gtest/gtest.h>

#include <random>

namespace baton::worker {
namespace {

std::string masked(const std::vector<std::string_view>& secrets, std::string_view text, std::size_t chunk) {
  Masker masker(secrets);
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += chunk) masker.feed(text.substr(at, chunk), out);
  masker.finish(out);
  return out;
}

/// The same by searching for every form everywhere.
std::string masked_slowly(const std::vector<std::string_view>& secrets, std::string_view text) {
  std::vector<bool> hidden(text.size(), false);
  for (const auto secret : secrets) {
    for (const std::string& form : mask_forms(secret)) {
      for (std::size_t at = text.find(form); at != std::string_view::npos; at = text.find(form, at + 1)) {
        std::fill_n(hidden.begin() + static_cast<std::ptrdiff_t>(at), form.size(), true);
      }
    }
  }
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!hidden[i]) out.push_back(text[i]);
    if (hidden[i] && (i == 0 || !hidden[i - 1])) out += "***";
  }
  return out;
}

TEST(Masker, HidesASecretWhereverTheStreamIsCut) {
  const std::string text = "before hunter2! after hunter2!";
  for (std::size_t chunk = 1; chunk <= text.size(); ++chunk) {
    EXPECT_EQ(masked({"hunter2!"}, text, chunk), "before *** after ***") << chunk;
  }
}

TEST(Masker, LetsThroughWhatOnlyBeginsLikeASecret) {
  EXPECT_EQ(masked({"hunter2!"}, "hunter1 hunt", 3), "hunter1 hunt");
  EXPECT_EQ(masked({"aab"}, "aaab", 1), "a***");
}

TEST(Masker, HidesBase64AtEachAlignment) {
  // printf 'SECRETVALUE', 'xSECRETVALUE', 'xxSECRETVALUE' | base64
  EXPECT_EQ(masked({"SECRETVALUE"}, "U0VDUkVUVkFMVUU=", 5).find("VDUkVUVkFM"), std::string::npos);
  EXPECT_EQ(masked({"SECRETVALUE"}, "eFNFQ1JFVFZBTFVF", 5).find("NFQ1JFVFZBTFVF"), std::string::npos);
  EXPECT_EQ(masked({"SECRETVALUE"}, "eHhTRUNSRVRWQUxVRQ==", 5).find("TRUNSRVRWQUxVR"), std::string::npos);
}

TEST(Masker, HidesPercentAndJsonEncodings) {
  EXPECT_EQ(masked({"a b\"c"}, "x=a%20b%22c&y", 4), "x=***&y");
  EXPECT_EQ(masked({"a b\"c"}, "{\"x\": \"a b\\\"c\"}", 4), "{\"x\": \"***\"}");
}

/// Each text that a tool writes with the secret in it shows nothing of it.
void expect_hidden(std::string_view secret, const std::vector<std::string>& written) {
  for (const std::string& text : written) EXPECT_EQ(masked({secret}, "<" + text + ">", 3), "<***>") << text;
}

TEST(Masker, HidesWhatUrlEncodersWrite) {
  expect_hidden("a/b c+é", {"a%2Fb%20c%2B%C3%A9", "a/b%20c%2B%C3%A9", "a/b+c%2B%C3%A9", "a%2fb%20c%2b%c3%a9"});
}

TEST(Masker, HidesWhatJsonEncodersWrite) {
  expect_hidden("p/é\"<😀\x01", {"p/é\\\"<😀\\u0001", "p\\/é\\\"<😀\\u0001", "p/\\u00e9\\\"<\\ud83d\\ude00\\u0001",
                                "p\\/\\u00E9\\\"<\\uD83D\\uDE00\\u0001", "p/é\\\"\\u003c😀\\u0001"});
}

TEST(Masker, HidesWhatAShellQuotes) {
  // bash and dash under `set -x`, printf %q, and the right side of == in [[ ]].
  expect_hidden("it's $5", {"it'\\''s $5", "it'\"'\"'s $5", "it\\'s\\ \\$5", "\\i\\t\\'\\s\\ \\$\\5"});
  expect_hidden("a\nb'é", {"a\\nb\\'é", "a\\nb\\'\\303\\251"});
}

TEST(Masker, HidesBase64ThatIsBrokenIntoLines) {
  const std::string secret = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  // printf "$secret" | base64
  const std::string whole =
      "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=";
  const std::string wrapped = whole.substr(0, 76) + "\n" + whole.substr(76);
  EXPECT_EQ(masked({secret}, wrapped, 7), "***o=");
  const std::string at_64 = whole.substr(0, 64) + "\n" + whole.substr(64);
  EXPECT_EQ(masked({secret}, at_64, 7), "***o=");
}

TEST(Masker, HidesWhatPrintfQuotesWhereItStandsInAWord) {
  // bash: printf %q "$S", "x$S" and "u:$S"
  expect_hidden("~a b#~c", {"\\~a\\ b#~c", "~a\\ b#~c", "\\~a\\ b\\#\\~c"});
  expect_hidden("#a=~b:~c#", {"\\#a=\\~b:\\~c#", "#a=\\~b:\\~c#", "#a=~b:~c#"});
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 6) {
    unsigned value = 0;
    for (std::size_t b = bit; b < bit + 6; ++b) {
      const unsigned byte = b / 8 < bytes.size() ? static_cast<std::uint8_t>(bytes[b / 8]) : 0;
      value = (value << 1) | ((byte >> (7 - b % 8)) & 1U);
    }
    out.push_back(kDigits[value]);
  }
  while (out.size() % 4 != 0) out.push_back('=');
  return out;
}

TEST(Masker, HidesBase64OfASecretOfAnyLengthInLinesOfAnyLength) {
  std::mt19937 random(11);
  for (const std::size_t size : {20U, 101U, 1700U}) {
    std::string secret;
    for (std::size_t i = 0; i < size; ++i) secret.push_back("abcdefghijklmnop+/ZYX\n"[random() % 22]);
    for (const std::size_t before : {0U, 1U, 2U, 40U}) {
      const std::string whole = base64(std::string(before, 'x') + secret + "yy");
      for (const std::size_t line : {64U, 76U, 20U}) {
        for (const std::string_view end : {"\n", "\r\n"}) {
          std::string wrapped;
          for (std::size_t at = 0; at < whole.size(); at += line) wrapped += whole.substr(at, line) + std::string(end);
          const std::string shown = masked({secret}, wrapped, 1 + random() % 50);
          EXPECT_LE(shown.size(), wrapped.size() - (size * 4 / 3) + 12)
              << size << " " << before << " " << line << shown;
        }
      }
    }
  }
}

TEST(Masker, AnEndOfALineIsNotHeldBackForASingleLetter) {
  Masker masker({"SECRETVALUE"});  // U0VDUkVU…
  std::string out;
  masker.feed("all of U\n", out);
  EXPECT_EQ(out, "all of U\n");
}

TEST(Secrets, OutputsThatHoldOneInAnyFormAreFound) {
  const std::vector<std::string_view> secrets{"hunter2-é", "short7!"};
  for (const char* json : {"{\"a\": \"hunter2-é\"}", "{\"a\": \"x hunter2-\\u00e9\"}", "{\"hunter2-é\": 1}",
                           "{\"a\": \"\\u0068unter2-\\u00E9\"}", "{\"a\": \"aHVudGVyMi3DqQ==\"}"}) {
    EXPECT_TRUE(holds_secret(json, secrets)) << json;
  }
  const std::string key(300, 'k');
  const std::string encoded = base64(key);
  EXPECT_TRUE(holds_secret(
      "{\"a\": \"" + encoded.substr(0, 76) + "\\n" + encoded.substr(76, 40) + "\\n" + encoded.substr(116) + "\"}",
      {std::string_view(key)}));
  EXPECT_FALSE(holds_secret("{\"a\": \"short7!\", \"b\": \"hunter2\"}", secrets)) << "less than 8 bytes, or another";
}

TEST(Masker, HidesEachLineOfASecretOfManyLines) {
  EXPECT_EQ(masked({"first line\nsecond line"}, "> first line\n> second line\n", 100), "> ***\n> ***\n");
}

TEST(Masker, ShortValuesAreLeftAlone) {
  EXPECT_EQ(masked({"a", "", "xy"}, "a xy b", 2), "a xy b");
}

TEST(Masker, OverlappingSecretsAreHiddenAsOne) {
  EXPECT_EQ(masked({"abcde", "defgh"}, "-abcdefgh-", 3), "-***-");
  EXPECT_EQ(masked({"abcdef", "bcd"}, "-abcde-", 3), "-a***e-");
}

TEST(Masker, AgreesWithSearchingForEachForm) {
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    const auto word = [&](std::size_t size) {
      std::string text;
      for (std::size_t i = 0; i < size; ++i) text.push_back("ab\n%"[random() % (i % 5 == 4 ? 4 : 2)]);
      return text;
    };
    const std::vector<std::string> secrets{word(3 + random() % 4), word(3 + random() % 6)};
    const std::string text = word(random() % 60);
    const std::vector<std::string_view> views(secrets.begin(), secrets.end());
    EXPECT_EQ(masked(views, text, 1 + random() % 9), masked_slowly(views, text));
  }
}

TEST(Masker, ALongStreamIsNotHeldBack) {
  Masker masker({"secret"});
  std::string out;
  masker.feed(std::string(1'000'000, 's'), out);
  EXPECT_GE(out.size(), 999'990U);
}

}  // namespace
}  // namespace baton::worker
