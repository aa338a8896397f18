// Copyright 2026 The Pairwire Authors. SPDX-License-Identifier: Apache-2.0
//
// The results as one table: a row for each case, two columns for each peer (who offers). Each cell holds both ways to signal.

/** One word for the results of a cell. */
function word(results) {
  if (results.length === 0) return '';
  const of = (status) => results.filter((result) => result.status === status);
  if (of('failed').length > 0) {
    return of('failed').length === results.length ? 'FAIL' : `FAIL ${of('failed').map(({ trickle }) => (trickle ? 't' : 'w')).join('')}`;
  }
  if (of('skipped').length > 0) return 'skip';
  if (of('known').length > 0) return 'theirs';
  return 'ok';
}

/** `results`: {peer, weOffer, trickle, title, status}. */
export function table(results, titles) {
  const peers = [...new Set(results.map(({ peer }) => peer))];
  const first = Math.max(...titles.map((title) => title.length)) + 1;
  const width = Math.max(7, ...peers.map((peer) => Math.ceil((peer.length + 1) / 2)));
  const lines = [
    ' '.repeat(first) + peers.map((peer) => `| ${peer.padEnd(2 * width)}`).join(''),
    'offer by'.padEnd(first) + peers.map(() => `| ${'us'.padEnd(width)}${'them'.padEnd(width)}`).join(''),
    '-'.repeat(first) + peers.map(() => `+${'-'.repeat(2 * width + 1)}`).join(''),
  ];
  for (const title of titles) {
    const rows = results.filter((result) => result.title === title);
    if (rows.length === 0) continue;
    const cells = peers.map((peer) => [true, false].map((weOffer) =>
      word(rows.filter((result) => result.peer === peer && result.weOffer === weOffer)).padEnd(width)).join(''));
    lines.push(title.padEnd(first) + cells.map((cell) => `| ${cell}`).join(''));
  }
  return lines.join('\n');
}
