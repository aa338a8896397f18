// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The Kubernetes manifests, read as YAML and held against one another, against the image and
// against the relay as it runs. No cluster looks at them here: what only its schema would find is
// not found.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/deploy/deployment.h"
#include "tests/support/server_port.h"

namespace pairwire::deploy {
namespace {

using Json = nlohmann::json;

// The last closing handshakes after the drain (server.cc).
constexpr int kDrainGraceSeconds = 3;

constexpr const char* kToJson =
    "import json, sys, yaml\n"
    "print(json.dumps([d for f in sys.argv[1:] for d in yaml.safe_load_all(open(f))]))\n";

// The status of GET `path`; 0: no answer.
int Get(std::uint16_t port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
    char buffer[1024];
    for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(n));
    }
  }
  ::close(fd);
  constexpr std::string_view kBefore = "HTTP/1.1 ";
  return answer.rfind(kBefore, 0) == 0 ? std::atoi(answer.c_str() + kBefore.size()) : 0;
}

class KubernetesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string python = FindInstalled("python3");
    if (python.empty() || RunToEnd({python, "-c", "import yaml"}).exit_code != 0) {
      GTEST_SKIP() << "python3-yaml is not installed (.ci/install-packages.sh test)";
    }
    const auto read = [&](std::vector<std::string> files) {
      std::vector<std::string> command = {python, "-c", kToJson};
      for (const std::string& file : files) {
        command.push_back(ExamplePath("kubernetes/" + file).string());
      }
      const Outcome outcome = RunToEnd(command);
      EXPECT_EQ(outcome.exit_code, 0) << outcome.output;
      return Json::parse(outcome.output, nullptr, /*allow_exceptions=*/false);
    };
    const Json list = read({"kustomization.yaml"});
    ASSERT_TRUE(list.is_array());
    kustomization_ = list[0];
    std::vector<std::string> files;
    for (const Json& file : kustomization_["resources"]) files.push_back(file.get<std::string>());
    const Json documents = read(files);
    ASSERT_TRUE(documents.is_array());
    for (const Json& document : documents) {
      const auto kind = document["kind"].get<std::string>();
      EXPECT_FALSE(kinds_.contains(kind)) << kind;
      kinds_[kind] = document;
    }
    pod_ = kinds_["Deployment"]["spec"]["template"]["spec"];
    container_ = pod_["containers"][0];
    for (const Json& port : container_["ports"]) {
      ports_[port["name"].get<std::string>()] = port["containerPort"].get<int>();
    }
  }
  const Json& Spec(const std::string& kind) { return kinds_[kind]["spec"]; }
  // A value that stands in the manifest itself; empty: it does not.
  std::string Variable(const std::string& name) const {
    for (const Json& variable : container_["env"]) {
      if (variable["name"] == name) return variable.value("value", "");
    }
    return {};
  }

  Json kustomization_;
  std::map<std::string, Json> kinds_;
  Json pod_;
  Json container_;
  std::map<std::string, int> ports_;
};

TEST_F(KubernetesTest, EachFileIsListedAndEachKindIsThere) {
  std::set<std::string> listed = {"kustomization.yaml"};
  for (const Json& file : kustomization_["resources"]) listed.insert(file.get<std::string>());
  for (const auto& file : std::filesystem::directory_iterator(ExamplePath("kubernetes"))) {
    EXPECT_EQ(listed.erase(file.path().filename().string()), 1u) << file.path();
  }
  EXPECT_TRUE(listed.empty());
  for (const char* kind : {"Deployment", "Service", "HorizontalPodAutoscaler",
                           "PodDisruptionBudget", "NetworkPolicy"}) {
    EXPECT_TRUE(kinds_.contains(kind)) << kind;
  }
  // A password in a file of the repository would be everybody's.
  EXPECT_FALSE(kinds_.contains("Secret"));
}

TEST_F(KubernetesTest, EverySelectorFindsThePods) {
  const Json& labels = Spec("Deployment")["template"]["metadata"]["labels"];
  ASSERT_FALSE(labels.empty());
  EXPECT_EQ(Spec("Deployment")["selector"]["matchLabels"], labels);
  EXPECT_EQ(Spec("Service")["selector"], labels);
  EXPECT_EQ(Spec("PodDisruptionBudget")["selector"]["matchLabels"], labels);
  EXPECT_EQ(Spec("NetworkPolicy")["podSelector"]["matchLabels"], labels);
  EXPECT_EQ(pod_["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"], labels);
  const Json& target = Spec("HorizontalPodAutoscaler")["scaleTargetRef"];
  EXPECT_EQ(target["kind"], "Deployment");
  EXPECT_EQ(target["name"], kinds_["Deployment"]["metadata"]["name"]);
  EXPECT_EQ(target["apiVersion"], kinds_["Deployment"]["apiVersion"]);
}

TEST_F(KubernetesTest, PortsAgree) {
  EXPECT_EQ(Variable("PAIRWIRE_LISTEN"), "0.0.0.0:" + std::to_string(ports_.at("http")));
  EXPECT_EQ(Variable("PAIRWIRE_INTERNAL_LISTEN"),
            "0.0.0.0:" + std::to_string(ports_.at("internal")));
  const std::string dockerfile = ReadText(ExamplePath("container/Dockerfile"));
  EXPECT_NE(dockerfile.find("EXPOSE " + std::to_string(ports_.at("http")) + "\n"),
            std::string::npos);
  for (const Json& port : Spec("Service")["ports"]) {
    EXPECT_TRUE(ports_.contains(port["targetPort"].get<std::string>()));
    EXPECT_NE(port["targetPort"], "internal") << "operators only";
  }
  std::set<std::string> open;
  for (const Json& rule : Spec("NetworkPolicy")["ingress"]) {
    EXPECT_FALSE(rule["from"].empty()) << "open to all";
    for (const Json& port : rule["ports"]) open.insert(port["port"].get<std::string>());
  }
  EXPECT_EQ(open, (std::set<std::string>{"http", "internal"}));
  const Json& notes = Spec("Deployment")["template"]["metadata"]["annotations"];
  EXPECT_EQ(notes["prometheus.io/port"], std::to_string(ports_.at("internal")));
}

// What the probes and Prometheus ask for is there, on the port where they ask; metrics are not on
// the public one.
TEST_F(KubernetesTest, TheRelayAnswersItsProbes) {
  const std::uint16_t http = test::ServerPort();
  const std::uint16_t internal = test::ServerPort();
  const auto at = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
  test::ChildProcess relay({ProgramPath("pairwire-relay"), "--listen", at(http),
                            "--internal-listen", at(internal), "--log-level", "off"});
  ASSERT_TRUE(WaitForListener(http)) << relay.errors();
  const std::map<std::string, std::uint16_t> ports = {{"http", http}, {"internal", internal}};
  for (const char* probe : {"livenessProbe", "readinessProbe", "startupProbe"}) {
    const Json& get = container_[probe]["httpGet"];
    ASSERT_TRUE(get.is_object()) << probe;
    EXPECT_EQ(Get(ports.at(get["port"].get<std::string>()), get["path"].get<std::string>()), 200)
        << probe;
  }
  // Nodes that are restarted because Redis is away help nobody.
  EXPECT_EQ(container_["livenessProbe"]["httpGet"]["path"], "/healthz");
  EXPECT_EQ(container_["readinessProbe"]["httpGet"]["path"], "/readyz");
  const Json& notes = Spec("Deployment")["template"]["metadata"]["annotations"];
  const auto metrics = notes["prometheus.io/path"].get<std::string>();
  EXPECT_EQ(Get(internal, metrics), 200);
  EXPECT_EQ(Get(http, metrics), 404);
}

TEST_F(KubernetesTest, TheRelayTakesTheVariables) {
  const std::set<std::string> known = VariablesOfTheRelay();
  std::vector<std::string> command = {ProgramPath("pairwire-relay"), "check",
                                      "--node-id=pairwire-relay-5d8f7c9b6d-x2k4q"};
  std::set<std::string> named;
  for (const Json& variable : container_["env"]) {
    const auto name = variable["name"].get<std::string>();
    EXPECT_TRUE(known.contains(name)) << name;
    EXPECT_TRUE(named.insert(name).second) << name;
    if (!variable.contains("value")) continue;
    std::string option = "--";
    for (const char c : name.substr(std::string("PAIRWIRE_").size())) {
      option += c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    command.push_back(option + "=" + variable["value"].get<std::string>());
  }
  for (const char* wanted : {"PAIRWIRE_REDIS", "PAIRWIRE_NODE_ID"}) {
    EXPECT_TRUE(named.contains(wanted)) << wanted;
    EXPECT_EQ(Variable(wanted), "") << wanted << " is another one in each cluster";
  }
  const Outcome outcome = RunToEnd(command);
  EXPECT_NE(outcome.exit_code, 2) << outcome.output;
  // The secret's file stands where the relay looks for it.
  const auto folder = container_["volumeMounts"][0]["mountPath"].get<std::string>();
  const auto file = pod_["volumes"][0]["secret"]["items"][0]["path"].get<std::string>();
  EXPECT_EQ(Variable("PAIRWIRE_REDIS_CA"), folder + "/" + file);
}

TEST_F(KubernetesTest, ADrainHasItsTime) {
  const Json& command = container_["lifecycle"]["preStop"]["exec"]["command"];
  ASSERT_EQ(command.size(), 2u);
  EXPECT_EQ(command[0], "sleep") << "the image has no more than coreutils";
  const int before = std::atoi(command[1].get<std::string>().c_str());
  const int drain = std::atoi(Variable("PAIRWIRE_DRAIN_SECONDS").c_str());
  EXPECT_GT(drain, 0);
  EXPECT_GT(pod_["terminationGracePeriodSeconds"].get<int>(), before + drain + kDrainGraceSeconds);
  // Long enough for the service to have noticed.
  const Json& ready = container_["readinessProbe"];
  EXPECT_GE(before, ready["periodSeconds"].get<int>() * ready["failureThreshold"].get<int>());
}

TEST_F(KubernetesTest, ADisruptionLeavesNodesThatServe) {
  const int least = Spec("HorizontalPodAutoscaler")["minReplicas"].get<int>();
  EXPECT_GT(least, Spec("PodDisruptionBudget")["maxUnavailable"].get<int>());
  EXPECT_GE(Spec("HorizontalPodAutoscaler")["maxReplicas"].get<int>(), least);
  EXPECT_FALSE(Spec("Deployment").contains("replicas")) << "the autoscaler's";
  EXPECT_EQ(Spec("Deployment")["strategy"]["rollingUpdate"]["maxUnavailable"], 0);
  EXPECT_GE(Spec("Deployment")["strategy"]["rollingUpdate"]["maxSurge"].get<int>(), 1);
}

TEST_F(KubernetesTest, TheContainerHasNoPrivileges) {
  const std::string dockerfile = ReadText(ExamplePath("container/Dockerfile"));
  const std::string user = std::to_string(pod_["securityContext"]["runAsUser"].get<int>());
  EXPECT_NE(dockerfile.find("USER " + user + ":"), std::string::npos);
  EXPECT_EQ(pod_["securityContext"]["runAsNonRoot"], true);
  EXPECT_EQ(pod_["automountServiceAccountToken"], false);
  const Json& context = container_["securityContext"];
  EXPECT_EQ(context["readOnlyRootFilesystem"], true);
  EXPECT_EQ(context["allowPrivilegeEscalation"], false);
  EXPECT_EQ(context["capabilities"]["drop"], Json::array({"ALL"}));
  EXPECT_TRUE(container_["resources"]["limits"].contains("memory"));
}

}  // namespace
}  // namespace pairwire::deploy
