// The few numbers that the page computes itself; the tests hold them against the library's.

// Upper tail of the normal distribution as -log10 P: Chebyshev fit of erfc (Press et al., Numerical Recipes, erfcc),
// fractional error below 1.2e-7 everywhere, in logarithms so that nothing underflows.
report.upperTail = (z) => {
  if (!Number.isFinite(z)) return NaN;
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * x);
  const series = [1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
  const fit = series.reduceRight((sum, term) => term + t * sum, 0) * t - 1.26551223;
  const logErfc = Math.log(t) - x * x + fit;
  const logTail = logErfc - Math.LN2;
  return -(z >= 0 ? logTail : Math.log1p(-Math.exp(logTail))) / Math.LN10;
};

// -log10 P of the Cauchy combination of P values given as -log10 P; limits as in traitmap/cauchy.py.
report.cauchy = (logs) => {
  let sum = 0;
  for (const log of logs) {
    const p = Math.min(Math.max(10 ** -log, 1e-300), 1 - 1e-4);
    sum += (p <= 0.5 ? 1 / Math.tan(Math.PI * p) : -1 / Math.tan(Math.PI * (1 - p))) / logs.length;
  }
  return logs.length ? -Math.log10(Math.atan2(1, sum) / Math.PI) : NaN;
};

report.quantile = (values, share) => {
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  return sorted.length ? sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]) : NaN;
};

// The axis that shows all values, or, where a few (1 %, or two) lie so far out that the rest would be pressed together
// (Tukey's outer fences, and half as much again as the others' span), the others. A constant has a span of its own.
report.reach = (values) => {
  const known = Float64Array.from(values).filter(Number.isFinite).sort();
  if (!known.length) return [0, 1];
  const [q1, q3] = [report.quantile(known, 0.25), report.quantile(known, 0.75)];
  const inner = known.filter((value) => value >= q1 - 3 * (q3 - q1) && value <= q3 + 3 * (q3 - q1));
  const few = known.length - inner.length <= Math.max(2, known.length / 100);
  const span = (of) => of.at(-1) - of[0];
  const shown = few && span(known) > 1.5 * span(inner) ? inner : known;
  const margin = 0.04 * span(shown) || 0.5;
  return [shown[0] - margin, shown.at(-1) + margin];
};

// -log10 P of every shown spot of a slice x trait; NaN where the regression was singular.
report.logP = async (pair) => {
  if (!pair || !pair.z) return null;
  if (pair.log_p) return report.unpack(pair.log_p);
  const z = await report.unpack(pair.z);
  pair.computed ??= Float32Array.from(z, report.upperTail);
  return pair.computed;
};
