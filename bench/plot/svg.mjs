// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The little of SVG that the figures need. Colours hold on white and on dark pages.

export const OURS_COLOUR = '#2563eb';
export const PEER_COLOUR = '#94a3b8';
const INK = '#475569';

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

export class Svg {
  #parts = [];

  constructor(width, title) {
    Object.assign(this, { width, title, height: 0 });
  }

  text(x, y, content, { anchor = 'start', size = 12, bold = false, fill = INK } = {}) {
    const weight = bold ? ' font-weight="600"' : '';
    this.#parts.push(`<text x="${num(x)}" y="${num(y)}" font-size="${size}" text-anchor="${anchor}" fill="${fill}"${weight}>${escape(content)}</text>`);
    this.#reach(y + 4);
  }

  bar(x, y, width, height, fill) {
    this.#parts.push(`<rect x="${num(x)}" y="${num(y)}" width="${num(Math.max(1, width))}" height="${num(height)}" rx="2" fill="${fill}"/>`);
    this.#reach(y + height);
  }

  #reach(y) {
    this.height = Math.max(this.height, y);
  }

  toString() {
    const height = Math.ceil(this.height + 8);
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${this.width} ${height}" width="${this.width}" height="${height}" `
      + `font-family="system-ui, sans-serif" role="img" aria-label="${escape(this.title)}">\n<title>${escape(this.title)}</title>\n${this.#parts.join('\n')}\n</svg>\n`;
  }
}

const num = (value) => Number(value.toFixed(1));
