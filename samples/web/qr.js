// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Draws a QR code as SVG; qrcode-generator, out of the bundle, encodes.

import { qrcode } from './vendor/qrcode.js';

const SVG = 'http://www.w3.org/2000/svg';
// What readers need around the code, in modules.
const QUIET = 4;

/** @param {string} text @param {string} label for who does not see it @returns {SVGElement} dark on white, whatever the page's colours */
export function drawQrCode(text, label) {
  const code = qrcode(0, 'M');
  code.addData(text, 'Byte');
  code.make();
  const count = code.getModuleCount();
  let path = '';
  for (let row = 0; row < count; ++row) {
    for (let column = 0; column < count; ++column) {
      if (code.isDark(row, column)) path += `M${column + QUIET} ${row + QUIET}h1v1h-1z`;
    }
  }
  const size = count + 2 * QUIET;
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  svg.setAttribute('shape-rendering', 'crispEdges');
  const background = document.createElementNS(SVG, 'rect');
  background.setAttribute('width', size);
  background.setAttribute('height', size);
  background.setAttribute('fill', '#ffffff');
  const modules = document.createElementNS(SVG, 'path');
  modules.setAttribute('d', path);
  modules.setAttribute('fill', '#000000');
  svg.append(background, modules);
  return svg;
}
