#!/usr/bin/env python3
# Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
"""Makes the typed events of C++, JavaScript and TypeScript of events.json, their one definition.

    signaling/protocol/generate_events.py            writes the four files
    signaling/protocol/generate_events.py --check    exits 1 when one of them is not what it should be

Python's standard library only. What checks a value is written by hand (event_fields.h,
samples/web/event-fields.js); here are the tables and types. clang-format 14 gives the C++ its form.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MADE_OF = "Made by signaling/protocol/generate_events.py of events.json: change those, not this."
LICENCE = "// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0"

MAX_WHOLE = 2**53 - 1  # the largest whole number that JavaScript keeps exactly
MAX_ID_BYTES = 64  # as kMaxIdBytes of limits.h
MAX_DURATION_MS = 24 * 3600 * 1000
CLASSES = ("command", "state", "stream")
ENDS = ("display", "controller", "either", "relay")
SCALARS = ("bool", "u53", "i53", "number", "string", "id", "time", "duration", "object")
FIELD_KEYS = {"name", "type", "of", "min", "max", "count", "optional", "about"}


class BadDefinition(Exception):
    pass


def require(condition, message):
    if not condition:
        raise BadDefinition(message)


def pascal(name):
    words = re.split(r"[:_-]", name)
    return "".join(word[0].upper() + word[1:] for word in words)


def snake(name):
    return re.sub(r"(?<!^)([A-Z])", lambda match: "_" + match[1].lower(), name)


def figure(value):
    """A number as a person and both languages write it."""
    return str(int(value)) if float(value).is_integer() else repr(value)


class Field:
    def __init__(self, owner, definition, types):
        where = f"{owner}.{definition.get('name')}"
        unknown = set(definition) - FIELD_KEYS
        require(not unknown, f"{where}: unknown key {sorted(unknown)}")
        self.name = definition["name"]
        require(re.fullmatch(r"[a-z][A-Za-z0-9]*", self.name), f"{where}: not a name")
        self.optional = definition.get("optional", False)
        self.about = definition.get("about", "")
        self.type = definition["type"]
        self.of = definition.get("of", "")
        self.count = definition.get("count", 0)
        self.named = types.get(self.type)
        require(self.named or self.type in SCALARS or self.type == "array",
                f"{where}: unknown type {self.type}")
        low, high = {
            "u53": (0, MAX_WHOLE), "i53": (-MAX_WHOLE, MAX_WHOLE), "time": (0, MAX_WHOLE),
            "duration": (0, MAX_DURATION_MS), "id": (1, MAX_ID_BYTES), "string": (0, None),
        }.get(self.type, (None, None))
        self.low = definition.get("min", low)
        self.high = definition.get("max", high)
        if self.type in ("number", "string") or self.of == "number":
            require(self.low is not None and self.high is not None, f"{where}: min or max is missing")
            require(self.low <= self.high, f"{where}: min is above max")
        if self.type == "array":
            require(self.of == "number" or self.of in types, f"{where}: an array of what?")
            require(0 < self.count <= 256, f"{where}: count is not 1 to 256")  # kMaxJsonMembers

    def rule(self):
        if self.named:
            return "enum" if "enum" in self.named else "object"
        if self.type == "array":
            return "numbers" if self.of == "number" else "objects"
        return {"u53": "whole", "i53": "whole", "time": "whole", "duration": "whole",
                "id": "text", "string": "text"}.get(self.type, self.type)

    def what(self):
        """How an error names what should stand there; the same in both languages."""
        rule = self.rule()
        span = f"{figure(self.low)} to {figure(self.high)}" if self.low is not None else ""
        return {
            "bool": "true or false", "whole": f"a whole number of {span}",
            "number": f"a number of {span}", "text": f"text of {span} bytes",
            "numbers": f"a list of at most {self.count} numbers of {span}",
            "objects": f"a list of at most {self.count} objects", "object": "an object",
            "enum": "one of " + ", ".join(self.named["enum"]) if self.named and "enum" in self.named else "",
        }[rule]


class Definition:
    def __init__(self, text):
        source = json.loads(text)
        require(set(source) == {"about", "types", "events"}, "the definition has other parts than it should")
        self.types = source["types"]
        self.fields = {}
        for name, definition in self.types.items():
            require(re.fullmatch(r"[A-Z][A-Za-z]*", name), f"{name}: not a type's name")
            if "enum" in definition:
                values = definition["enum"]
                require(len(set(values)) == len(values) > 1, f"{name}: values repeat or are too few")
                require(all(re.fullmatch(r"[a-z][a-z_]*", value) for value in values), f"{name}: not a value's name")
            else:
                # Only what stands above: no type holds itself.
                earlier = {known: self.types[known] for known in self.types if known in self.fields or "enum" in self.types[known]}
                self.fields[name] = self.read_fields(name, definition["fields"], earlier)
        self.events = []
        names = set()
        for event in source["events"]:
            name = event["name"]
            require(name not in names, f"{name} is there twice")
            names.add(name)
            require(event["by"] in ENDS, f"{name}: by whom?")
            if event["by"] != "relay":
                require(event.get("class") in CLASSES, f"{name}: of which class?")
            event = dict(event, struct=pascal(name), members=self.read_fields(name, event["fields"], self.types))
            if event["by"] != "relay":
                for field in event["members"]:
                    require(field.rule() != "objects" and not (field.rule() == "object" and not field.named),
                            f"{name}.{field.name}: C++ has no type for it")
            self.events.append(event)

    def read_fields(self, owner, definitions, types):
        fields = [Field(owner, definition, types) for definition in definitions]
        require(len({field.name for field in fields}) == len(fields), f"{owner}: a field is there twice")
        return fields

    def typed(self):
        """Those that C++ has structs for; the relay's are written by hand (session_messages.h)."""
        return [event for event in self.events if event["by"] != "relay"]


# C++ ---------------------------------------------------------------------------------------------

def cpp_type(field):
    name = {"bool": "bool", "u53": "std::uint64_t", "i53": "std::int64_t", "number": "double", "string": "std::string",
            "id": "std::string", "time": "std::uint64_t", "duration": "std::uint64_t", "array": "std::vector<double>"}
    kind = name.get(field.type, field.type)
    return f"std::optional<{kind}>" if field.optional else kind


def cpp_member(field):
    kind = cpp_type(field)
    note = {"time": "Microseconds of the controller's clock.", "duration": "Milliseconds."}.get(field.type, "")
    about = " ".join(filter(None, [field.about, note]))
    start = {"std::uint64_t": " = 0", "std::int64_t": " = 0", "double": " = 0", "bool": " = false"}.get(kind, "")
    if field.rule() == "enum" and not field.optional:
        start = f" = {field.type}::k{pascal(field.named['enum'][0])}"
    elif field.optional:
        start = " = {}"
    return f"  {kind} {snake(field.name)}{start};" + (f"  // {about}" if about else "")


def cpp_struct(name, about, fields, extra=()):
    lines = [f"// {about}"] if about else []
    lines += [f"struct {name} {{", *extra, *map(cpp_member, fields), "",
              f"  bool operator==(const {name}&) const = default;", "};", ""]
    return lines


def cpp_header(definition):
    out = [LICENCE, "//",
           "// The typed events that two ends send each other over a session: one struct each, their JSON both",
           "// ways, and one sentence for each that is malformed. docs/events.md lists them.", "//",
           f"// {MADE_OF}",
           "#ifndef PAIRWIRE_EVENTS_H_", "#define PAIRWIRE_EVENTS_H_", "", "#include <pairwire/result.h>", "",
           "#include <cstddef>", "#include <cstdint>", "#include <optional>", "#include <string>", "#include <string_view>",
           "#include <variant>", "#include <vector>", "", "namespace pairwire {", "",
           "// What a session promises for it (docs/session.md).",
           "enum class EventClass : std::uint8_t {",
           "  kCommand,  // each, once, in order, acknowledged",
           "  kState,    // the newest of its kind",
           "  kStream,   // the newest, or none",
           "};", "", "namespace events {", ""]
    for name, kind in definition.types.items():
        if name == "Participant" or name == "Role":
            continue  # the relay's
        if "enum" in kind:
            out += [f"enum class {name} : std::uint8_t {{ " + ", ".join("k" + pascal(value) for value in kind["enum"]) + " };", ""]
        else:
            out += cpp_struct(name, kind.get("about", ""), definition.fields[name])
    for event in definition.typed():
        extra = [f"  static constexpr std::string_view kName = \"{event['name']}\";",
                 f"  static constexpr EventClass kClass = EventClass::k{pascal(event['class'])};", ""]
        out += cpp_struct(event["struct"], event.get("about", ""), event["members"], extra)
    out += ["}  // namespace events", "",
            "using Event = std::variant<" + ", ".join("events::" + event["struct"] for event in definition.typed()) + ">;", "",
            "// \"animation:frame\"; static.",
            "std::string_view NameOf(const Event& event);",
            "EventClass ClassOf(const Event& event);", "",
            "// The longest that is written or read, as JSON.",
            "inline constexpr std::size_t kMaxEventBytes = 64 * 1024;", "",
            "// {\"type\":\"animation:frame\",\"data\":{…}}. kInvalidArgument: a value is outside its bounds, named as",
            "// below; kMessageTooLarge.",
            "[[nodiscard]] Result<std::string> EventToJson(const Event& event);",
            "// kParseError with the path and what should stand there, such as \"animation:frame.frame: a whole",
            "// number of 0 to 9007199254740991 is missing\". Members that are not of the event are left out; null is",
            "// absent; a name that is not of the list is refused. Any text may come.",
            "[[nodiscard]] Result<Event> ParseEvent(std::string_view json);", "",
            "}  // namespace pairwire", "", "#endif  // PAIRWIRE_EVENTS_H_"]
    return "\n".join(out) + "\n"


def cpp_rule(field):
    rule = field.rule()
    if rule == "whole":
        return f"Whole{{{figure(field.low)}, {figure(field.high)}}}"
    if rule in ("number", "text"):
        return f"{'Number' if rule == 'number' else 'Text'}{{{figure(field.low)}, {figure(field.high)}}}"
    if rule == "numbers":
        return f"Numbers{{{field.count}, {figure(field.low)}, {figure(field.high)}}}"
    return {"bool": "Flag{}", "enum": f"Choice<{field.type}>{{k{field.type}Names}}", "object": "Nested{}"}[rule]


def cpp_fields(name, fields):
    out = ["template <>", f"struct Fields<{name}> {{", "  template <typename Visitor, typename Struct>",
           "  static void Visit(Visitor& visit, Struct& of) {"]
    for field in fields:
        out.append(f"    visit.Field(\"{field.name}\", of.{snake(field.name)}, {cpp_rule(field)}, \"{field.what()}\");")
    return out + ["  }", "};", ""]


def cpp_source(definition):
    out = [LICENCE, "//", "// The fields of each event, their bounds, and what an error says of them.", "//", f"// {MADE_OF}",
           "#include <pairwire/events.h>", "", "#include <array>", "", '#include "signaling/protocol/event_fields.h"', "",
           "namespace pairwire {", "namespace protocol {", "namespace {", "", "using namespace events;", ""]
    for name, kind in definition.types.items():
        if "enum" in kind and name != "Role":
            values = ", ".join('std::string_view("' + value + '")' for value in kind["enum"])
            out += [f"constexpr std::array k{name}Names = {{{values}}};", ""]
    out += ["}  // namespace", ""]
    for name in definition.fields:
        if name != "Participant":
            out += cpp_fields(name, definition.fields[name])
    for event in definition.typed():
        out += cpp_fields(event["struct"], event["members"])
    out += ["}  // namespace protocol", "",
            "std::string_view NameOf(const Event& event) {",
            "  return std::visit([](const auto& of) { return of.kName; }, event);", "}", "",
            "EventClass ClassOf(const Event& event) {",
            "  return std::visit([](const auto& of) { return of.kClass; }, event);", "}", "",
            "Result<std::string> EventToJson(const Event& event) {",
            "  return std::visit([](const auto& of) { return protocol::WriteEvent(of.kName, of); }, event);", "}", "",
            "Result<Event> ParseEvent(std::string_view json) {",
            "  const Result<protocol::ParsedEvent> parsed = protocol::ParsedEvent::Of(json);",
            "  if (!parsed) return tl::unexpected(parsed.error());",
            "  return protocol::ReadOneOf(*parsed, std::type_identity<Event>());", "}", "", "}  // namespace pairwire"]
    return "\n".join(out) + "\n"


# JavaScript and TypeScript -----------------------------------------------------------------------

def js_fields(fields):
    out = []
    for field in fields:
        parts = [f"name: '{field.name}'", f"rule: '{field.rule()}'"]
        if field.optional:
            parts.append("optional: true")
        if field.rule() == "enum":
            parts.append(f"values: {field.type}")
        elif field.rule() == "objects" or field.named:
            parts.append(f"fields: {field.of or field.type}")
        if field.count:
            parts.append(f"count: {field.count}")
        if field.low is not None:
            parts += [f"low: {figure(field.low)}", f"high: {figure(field.high)}"]
        parts.append(f"what: '{field.what()}'")
        out.append("    { " + ", ".join(parts) + " },")
    return out


def js_module(definition):
    out = [LICENCE, "//", "// The typed events as tables: name, class, fields with their bounds. What is done with them is in",
           "// event-fields.js; the types are in events.d.ts.", "//", f"// {MADE_OF}",
           "import { eventToJson as write, parseEvent as parse, readEvent as read } from './event-fields.js';", ""]
    for name, kind in definition.types.items():
        if "enum" in kind:
            out += [f"export const {name} = Object.freeze([" + ", ".join(f"'{value}'" for value in kind["enum"]) + "]);", ""]
    for name, fields in definition.fields.items():
        out += [f"const {name} = [", *[line[2:] for line in js_fields(fields)], "];", ""]
    out += ["export const EVENTS = Object.freeze({"]
    for event in definition.events:
        kind = f" class: '{event['class']}'," if "class" in event else ""
        out += [f"  '{event['name']}': {{ by: '{event['by']}',{kind} fields: [", *js_fields(event["members"]), "  ] },"]
    out += ["});", "", "export const parseEvent = (text) => parse(EVENTS, text);",
            "export const readEvent = (type, data) => read(EVENTS, type, data);",
            "export const eventToJson = (event) => write(EVENTS, event);"]
    return "\n".join(out) + "\n"


def ts_type(field):
    if field.type == "array":
        return "number[]" if field.of == "number" else f"{field.of}[]"
    return {"bool": "boolean", "u53": "number", "i53": "number", "number": "number", "string": "string", "id": "string",
            "time": "number", "duration": "number", "object": "Record<string, unknown>"}.get(field.type, field.type)


def ts_members(fields):
    return [f"  {field.name}{'?' if field.optional else ''}: {ts_type(field)};" for field in fields]


def ts_module(definition):
    out = [LICENCE, "//", f"// {MADE_OF}", ""]
    for name, kind in definition.types.items():
        if "enum" in kind:
            out += [f"export type {name} = " + " | ".join(f"'{value}'" for value in kind["enum"]) + ";",
                    f"export const {name}: readonly {name}[];", ""]
        else:
            out += [f"export interface {name} {{", *ts_members(definition.fields[name]), "}", ""]
    for event in definition.events:
        out += [f"export interface {event['struct']} {{", *ts_members(event["members"]), "}", ""]
    out += ["export interface EventData {", *[f"  '{event['name']}': {event['struct']};" for event in definition.events], "}",
            "export type EventName = keyof EventData;",
            "export type PairwireEvent = { [Name in EventName]: { type: Name; data: EventData[Name] } }[EventName];",
            "export type EventClass = 'command' | 'state' | 'stream';", "",
            "// Throws an EventError, whose message names the path and what should stand there.",
            "export function parseEvent(text: string): PairwireEvent;",
            "export function readEvent<Name extends EventName>(type: Name, data: unknown): EventData[Name];",
            "export function eventToJson(event: PairwireEvent): string;",
            "export const EVENTS: Readonly<Record<EventName, { by: string; class?: EventClass; fields: readonly object[] }>>;"]
    return "\n".join(out) + "\n"


def formatted(text, name):
    result = subprocess.run(["clang-format-14", f"--assume-filename={ROOT / name}"], input=text, capture_output=True, text=True,
                            check=True, cwd=ROOT)
    return result.stdout


def outputs(definition):
    header, source = "include/pairwire/events.h", "signaling/protocol/typed_events.cc"
    return {header: formatted(cpp_header(definition), header), source: formatted(cpp_source(definition), source),
            "samples/web/events.js": js_module(definition), "samples/web/events.d.ts": ts_module(definition)}


def main():
    parser = argparse.ArgumentParser(description="Makes the typed events of events.json.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is not what it should be")
    parser.add_argument("--definition", type=pathlib.Path, default=HERE / "events.json")
    arguments = parser.parse_args()
    try:
        made = outputs(Definition(arguments.definition.read_text(encoding="utf-8")))
    except (BadDefinition, KeyError, ValueError) as error:
        print(f"generate_events: {arguments.definition.name}: {error}", file=sys.stderr)
        return 1
    stale = []
    for name, text in made.items():
        path = ROOT / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not arguments.check:
            path.write_text(text, encoding="utf-8")
    if arguments.check and stale:
        print("generate_events: not made of events.json: " + ", ".join(stale), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
