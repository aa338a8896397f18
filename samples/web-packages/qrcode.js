// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// What samples/web takes of qrcode-generator (MIT, Kazuhiko Arase): install.sh bundles it into
// samples/web/vendor/qrcode.js.

export { default as qrcode } from 'qrcode-generator';
