// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// One chart a group of works: for each figure a bar a stack, ours first, the peers from best to worst.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { shown } from '../peers/lib/table.mjs';
import { OURS_COLOUR, PEER_COLOUR, Svg } from './svg.mjs';

const WIDTH = 640;
const NAMES = 130;
const VALUES = 110;
const BAR = 16;
const STEP = 21;

function drawRow(svg, top, row, stacks, ours) {
  const sign = row.better === 'more' ? -1 : 1;
  const present = stacks.filter((stack) => row.cells[stack]);
  const order = present.sort((a, b) => (b === ours) - (a === ours) || sign * (row.cells[a].median - row.cells[b].median));
  const largest = Math.max(...order.map((stack) => row.cells[stack].median));
  svg.text(0, top + 12, `${row.title}${row.note ? `, ${row.note}` : ''} (${row.unit}${row.better === 'shown' ? '' : `, ${row.better} is better`})`, { bold: true, size: 13 });
  let y = top + 22;
  for (const stack of order) {
    const { median } = row.cells[stack];
    const width = largest > 0 ? (median / largest) * (WIDTH - NAMES - VALUES) : 0;
    svg.text(NAMES - 8, y + 12, stack, { anchor: 'end' });
    svg.bar(NAMES, y, width, BAR, stack === ours ? OURS_COLOUR : PEER_COLOUR);
    const times = stack === ours && row.ratio != null ? `, x${row.ratio.toFixed(2)} of the best peer` : '';
    svg.text(NAMES + Math.max(1, width) + 6, y + 12, `${shown(median)}${times}`, { bold: stack === ours });
    y += STEP;
  }
  return y + 14;
}

/** Writes GROUP.svg for each group in `rows` (table.mjs) into `folder`; the files. */
export function drawBars(rows, stacks, ours, folder) {
  mkdirSync(folder, { recursive: true });
  return [...new Set(rows.map((row) => row.group))].map((group) => {
    const svg = new Svg(WIDTH, `${group}: ${ours} and other WebRTC stacks`);
    let top = 4;
    for (const row of rows.filter((row) => row.group === group)) top = drawRow(svg, top, row, [...stacks], ours);
    const file = path.join(folder, `${group}.svg`);
    writeFileSync(file, svg.toString());
    return file;
  });
}
