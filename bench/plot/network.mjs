// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// Draws the matrix of round-trip time and loss: a panel for each cell with a bar a stack, on a logarithmic scale, as the
// figures lie three powers of ten apart.
//   node bench/plot/network.mjs build/bench/network.json FOLDER

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OURS_COLOUR, PEER_COLOUR, Svg } from './svg.mjs';

const OURS = 'pairwire';
const PANEL = 200;
const BAR = 12;
const STEP = 16;
const LEFT = 64;
const FLOOR_MBIT = 0.1;

const [source, folder] = process.argv.slice(2);
const { cells, stacks } = JSON.parse(readFileSync(source, 'utf8'));
const unique = (field) => [...new Set(cells.map((cell) => cell[field]))];
const [rtts, losses] = [unique('rtt'), unique('loss')];
const largest = Math.max(...cells.flatMap((cell) => Object.values(cell.mbit).map(Number)), 1);
const width = (mbit) => (Math.log10(Math.max(mbit, FLOOR_MBIT) / FLOOR_MBIT) / Math.log10(largest / FLOOR_MBIT)) * (PANEL - 70);
const shown = (mbit) => (mbit >= 100 ? mbit.toFixed(0) : mbit.toFixed(1));

const svg = new Svg(LEFT + PANEL * losses.length, 'throughput by round-trip time and loss');
losses.forEach((loss, column) => svg.text(LEFT + column * PANEL, 14, `loss ${loss} %`, { bold: true, size: 13 }));
rtts.forEach((rtt, row) => {
  const top = 26 + row * (STEP * stacks.length + 18);
  svg.text(0, top + 11, `${rtt} ms`, { bold: true, size: 13 });
  losses.forEach((loss, column) => {
    const cell = cells.find((one) => one.rtt === rtt && one.loss === loss);
    stacks.forEach((stack, index) => {
      const mbit = cell?.mbit[stack];
      if (mbit == null) return;
      const [x, y] = [LEFT + column * PANEL, top + index * STEP];
      svg.bar(x, y, width(mbit), BAR, stack === OURS ? OURS_COLOUR : PEER_COLOUR);
      svg.text(x + Math.max(1, width(mbit)) + 5, y + 10, shown(mbit), { size: 11, bold: stack === OURS });
    });
  });
});
const legend = 26 + rtts.length * (STEP * stacks.length + 18) + 10;
svg.text(LEFT, legend, `Mbit/s, logarithmic; in each panel from the top: ${stacks.join(', ')}`, { size: 11 });
mkdirSync(folder, { recursive: true });
const file = path.join(folder, 'network.svg');
writeFileSync(file, svg.toString());
console.log(`drawn: ${path.relative(process.cwd(), file)}`);
