// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// From results to the table: medians, the best peer, and how many times better than it ours is.

export function median(values) {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Above 1: the first is that many times better than the second. */
export function ratio(better, first, second) {
  if (first == null || second == null) return null;
  const [above, below] = better === 'more' ? [first, second] : [second, first];
  return below > 0 ? above / below : null;
}

/**
 * One row for each figure of each work.
 * @param {object[]} works    of works.mjs
 * @param {object[]} results  {work, stack, round, result}
 * @param {string[]} stacks   names, ours first
 */
export function makeRows(works, results, stacks, ours) {
  return works.flatMap((work) => work.figures.map(({ field, unit, better, note }) => {
    const cells = {};
    for (const stack of stacks) {
      const values = results.filter((entry) => entry.work === work.key && entry.stack === stack).map((entry) => entry.result[field]);
      const middle = median(values);
      if (middle != null) cells[stack] = { median: middle, all: values };
    }
    const peers = stacks.filter((stack) => stack !== ours && cells[stack]);
    const sign = better === 'more' ? 1 : -1;
    const isBetter = (stack, than) => sign * (cells[stack].median - cells[than].median) > 0;
    const best = better === 'shown' ? null : peers.reduce((best, stack) => (best === null || isBetter(stack, best) ? stack : best), null);
    return {
      work: work.key, title: work.title, group: work.group, note, field, unit, better, cells, best,
      ratio: best && cells[ours] ? ratio(better, cells[ours].median, cells[best].median) : null,
    };
  }));
}

export function shown(value) {
  if (value == null) return '-';
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toFixed(2)}M`;
  if (Math.abs(value) >= 1e4) return `${(value / 1e3).toFixed(0)}k`;
  if (Math.abs(value) >= 1e3) return `${(value / 1e3).toFixed(1)}k`;
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Lines of equal columns; the first column is left-aligned. */
export function align(lines) {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  ').trimEnd());
}

export function printTable(rows, stacks) {
  const head = ['work', 'unit', ...stacks, 'best peer', 'ratio'];
  const lines = rows.map((row) => [
    row.title + (row.note ? ` (${row.note})` : ''), row.unit, ...stacks.map((stack) => shown(row.cells[stack]?.median)),
    row.best ?? '-', row.ratio == null ? '-' : `x${row.ratio.toFixed(2)}`,
  ]);
  return align([head, ...lines]).join('\n');
}
