'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const several = data.runs.length > 1;
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  document.documentElement.classList.add('has-script');

  // ---- texts
  const digits = (value, count) =>
    value.toLocaleString('en-US', {minimumFractionDigits: count, maximumFractionDigits: count});
  const percent = (share, count = 1) => `${(100 * share).toFixed(count)}\u202f%`;
  const kib = bytes => {
    const value = bytes / 1024;
    return `${value < 100 && value % 1 ? digits(value, 1) : digits(value, 0)}\u202fKiB`;
  };
  const dataText = name => name.replace(/^(\d+)-(monochrome|rgb)$/, '$1×$1 $2').replace(/^(\d+)-/, '$1 Hz ');
  const architectureText = name => name.replace(/^(\S+) (\S+)$/, 'depths $1, width $2');

  // ---- colors: one a resolution or sample rate (monochrome and MFCC are lighter and diamonds); with several runs, one a run
  const strong = {light: ['#1d4fa8', '#a3460a', '#0a6349', '#702c99', '#a01a56', '#5e4615', '#075f77'],
                  dark: ['#5f97ff', '#ff9142', '#2fc08f', '#bd7bf5', '#ff6aa5', '#cfa64c', '#3fbcdd']};
  const soft = {light: ['#5b8def', '#de7d2f', '#2fa587', '#b06bd9', '#e25f9b', '#a6873a', '#2e9fbe'],
                dark: ['#a9c6ff', '#ffc79c', '#93e3c8', '#dfc0ff', '#ffb3d1', '#ecd59c', '#a3e0f0']};
  const scheme = () => dark.matches ? 'dark' : 'light';
  const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const resolution = name => name.split('-')[0];
  const resolutions = [...new Set(data.configurations.map(resolution))];
  const isPlain = name => name.endsWith('monochrome') || name.includes('-mfcc');
  const pointStyle = name => isPlain(name) ? 'rectRot' : 'circle';
  const configurationColor = name => {
    const palette = (isPlain(name) ? soft : strong)[scheme()];
    return palette[Math.max(0, resolutions.indexOf(resolution(name))) % palette.length];
  };
  const runColor = index => strong[scheme()][index % strong.light.length];

  // ---- systems in groups that can be switched off: data configurations, or runs
  const systems = data.runs.flatMap((run, runIndex) => run.systems.id.map((id, i) => {
    const system = {run, runIndex, number: i + 1};
    for (const [key, column] of Object.entries(run.systems)) system[key] = column[i];
    return system;
  }));
  const groups = several
    ? data.runs.map((run, index) => ({name: run.label, hidden: false, color: () => runColor(index),
                                      style: system => pointStyle(system.data),
                                      has: system => system.runIndex === index}))
    : data.configurations.map(name => ({name: dataText(name), hidden: false, color: () => configurationColor(name),
                                        symbol: pointStyle(name), style: () => pointStyle(name),
                                        has: system => system.data === name}));
  for (const group of groups) group.systems = systems.filter(group.has);

  function pointsOf(group, x, y, radius) {
    const color = group.color();
    return {
      type: 'scatter', label: group.name, group, hidden: group.hidden, order: 1,
      data: group.systems.map(system => ({x: x(system), y: y(system), system})),
      pointStyle: group.systems.map(group.style),
      pointRadius: group.systems.map(system => system.final ? radius + 1.6 : radius),
      pointHoverRadius: radius + 3, pointHitRadius: 6,
      pointBackgroundColor: group.systems.map(system => system.fits ? color : 'transparent'),
      pointBorderColor: color, pointBorderWidth: 1.6, pointHoverBackgroundColor: color, pointHoverBorderColor: color,
    };
  }
  function stepLine(points, color, label) {
    return {type: 'line', label, data: points, stepped: 'before', borderColor: color, borderWidth: 2, pointRadius: 0,
            pointHitRadius: 0, pointHoverRadius: 0, fill: false, order: 2};
  }
  const lineColor = index => several ? runColor(index) : style('--text');

  // On a phone only what fits beside the points.
  function systemLines(system, isNarrow) {
    const {final, run: {limits}} = system;
    const lines = [architectureText(system.architecture)];
    if (final) lines.push(`${data.split} ${percent(final.accuracy)} (final)`);
    lines.push(`${data.split} ${percent(system.accuracy)} (search)`);
    if (final && final.test !== null) lines.push(`test ${percent(final.test)}`);
    const {precision, recall} = final || system;
    if (!isNarrow) lines.push(`${data.split} precision ${percent(precision)}, recall ${percent(recall)}`);
    const of = limit => limit === null || isNarrow ? '' : ` of ${kib(limit)}`;
    lines.push(`RAM ${kib(system.ram)}${of(limits.ram)}, flash ${kib(system.flash)}${of(limits.flash)}`);
    if (!isNarrow) lines.push(`${digits(system.macs / 1e6, 2)} M MACs, ${digits(system.parameters, 0)} parameters`);
    if (!system.fits) lines.push('over the limits');
    return lines;
  }
  const nameOf = ({raw: {system}}) => `${several ? system.run.label + ', ' : ''}no. ${system.id}`;
  // Of systems at the same place one is shown, the others are named.
  const systemTooltip = {
    filter: item => item.raw.system !== undefined,
    itemSort: (a, b) => Boolean(b.raw.system.final) - Boolean(a.raw.system.final),
    callbacks: {
      title: items => items.slice(0, 1).map(item => `${nameOf(item)} · ${dataText(item.raw.system.data)}`),
      beforeBody: items => items.slice(0, 1).flatMap(({chart, raw}) => systemLines(raw.system, chart.width < 480)),
      label: () => [],
      footer: items => items.length > 4 ? `and ${items.length - 1} more here`
        : items.slice(1).map(item => `also here: ${nameOf(item)}`),
    },
    displayColors: false,
  };

  // ---- the device's limits as lines, quartiles as boxes
  const limitLines = {
    id: 'limitLines',
    beforeDatasetsDraw(chart, _, options) {
      const {ctx, chartArea: area, scales: {x}} = chart;
      for (const [i, {value, names, color}] of Object.values(options.lines || []).entries()) {
        const at = x.getPixelForValue(value);
        if (at < area.left || at > area.right) continue;
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = color;
        ctx.setLineDash([5, 4]);
        ctx.lineWidth = 1.4;
        ctx.beginPath();
        ctx.moveTo(at, area.top);
        ctx.lineTo(at, area.bottom);
        ctx.stroke();
        const isRight = at > (area.left + area.right) / 2;
        ctx.textAlign = isRight ? 'right' : 'left';
        ctx.textBaseline = 'bottom';
        ctx.font = `12px ${Chart.defaults.font.family}`;
        const start = at + (isRight ? 4 : -4);
        const room = isRight ? start : chart.width - start;
        const named = `${names.join(', ')}: ${kib(value)}`;
        const isRoom = names.length > 0 && ctx.measureText(named).width <= room;
        ctx.fillText(isRoom ? named : `limit ${kib(value)}`, start, area.top - 5 - 15 * i);
        ctx.restore();
      }
    },
  };
  const quartileBoxes = {
    id: 'quartileBoxes',
    beforeDatasetsDraw(chart, _, options) {
      const {ctx, scales: {x, y}} = chart;
      for (const [row, box] of Object.values(options.boxes || []).entries()) {
        if (!box) continue;
        const left = x.getPixelForValue(box.low), right = x.getPixelForValue(box.high);
        const top = y.getPixelForValue(row - 0.32), bottom = y.getPixelForValue(row + 0.32);
        ctx.save();
        ctx.fillStyle = style('--meter');
        ctx.globalAlpha = 0.6;
        ctx.fillRect(left, top, Math.max(1, right - left), bottom - top);
        ctx.globalAlpha = 1;
        ctx.fillStyle = style('--text');
        ctx.fillRect(x.getPixelForValue(box.middle) - 1, top, 2, bottom - top);
        ctx.restore();
      }
    },
  };

  // ---- charts
  const charts = {};
  function draw(id, type, datasets, options) {
    if (charts[id]) charts[id].destroy();
    const plugins = {legend: {display: false}, tooltip: systemTooltip, ...options.plugins};
    charts[id] = new Chart(document.getElementById(id), {
      type, data: {datasets}, plugins: [limitLines, quartileBoxes],
      options: {responsive: true, maintainAspectRatio: false, animation: false,
                interaction: {mode: 'nearest', intersect: true}, ...options, plugins},
    });
  }
  function scale(title, more = {}) {
    return {title: {display: title !== '', text: title}, grid: {color: style('--grid'), borderColor: style('--line')},
            ...more};
  }
  const percentTicks = {ticks: {callback: value => percent(value, value * 100 % 1 > 0.01 ? 1 : 0)}};

  function drawTradeoff(id, key, title) {
    const datasets = groups.map(group => pointsOf(group, system => system[key],
                                                  system => (system.final || system).accuracy, 4));
    const lines = [];
    data.runs.forEach((run, index) => {
      const limit = run.limits[key];
      const corners = run.front[key].map(([x, y]) => ({x, y}));
      if (corners.length && limit) corners.push({x: limit, y: corners[corners.length - 1].y});
      datasets.push(stepLine(corners, lineColor(index), 'best with at most that much'));
      if (!limit) return;
      let line = lines.find(other => other.value === limit);
      if (!line) lines.push(line = {value: limit, color: style('--limit'), names: []});
      if (run.device && !line.names.includes(run.device)) line.names.push(run.device);
    });
    const values = systems.map(system => Math.max(1, system[key])).concat(lines.map(line => line.value));
    const least = Math.min(...values) / 1.25, most = Math.max(...values) * 1.25;
    const powers = axis => {
      const first = Math.ceil(Math.log2(axis.min)), last = Math.floor(Math.log2(axis.max));
      const stride = Math.max(1, Math.ceil((last - first + 1) / (axis.width / 48)));
      axis.ticks = [];
      for (let power = first; power <= last; power += stride) axis.ticks.push({value: 2 ** power});
    };
    draw(id, 'scatter', datasets, {
      layout: {padding: {top: 20 + 15 * Math.max(0, lines.length - 1)}},
      plugins: {limitLines: {lines}},
      scales: {
        x: scale(title, {type: 'logarithmic', min: least, max: most, afterBuildTicks: powers,
                         ticks: {callback: value => (value / 1024).toLocaleString('en-US'), maxRotation: 0,
                                 autoSkip: false}}),
        y: scale(`${data.split} accuracy`, percentTicks),
      },
    });
  }

  function drawProgress() {
    const value = document.getElementById('progress-value').value;
    const time = document.getElementById('progress-time').value;
    const datasets = groups.map(group => pointsOf(group, system => system[time], system => system[value], 3));
    data.runs.forEach((run, index) => {
      let best = -Infinity;
      const points = [];
      for (const system of systems.filter(system => system.runIndex === index)) {
        if (system.fits) best = Math.max(best, system[value]);
        if (best > -Infinity) points.push({x: system[time], y: best});
      }
      datasets.push(stepLine(points, lineColor(index), 'best so far'));
    });
    draw('chart-progress', 'scatter', datasets, {
      scales: {x: scale(time === 'number' ? 'systems evaluated' : 'minutes since the start'),
               y: scale(value === 'fitness' ? 'fitness' : `${data.split} accuracy`,
                        value === 'fitness' ? {} : percentTicks)},
    });
  }

  const quantile = (sorted, share) => {
    const place = (sorted.length - 1) * share, low = Math.floor(place), high = Math.ceil(place);
    return sorted[low] + (sorted[high] - sorted[low]) * (place - low);
  };
  function drawStrip() {
    const rows = data.configurations;
    const boxes = rows.map(name => {
      const sorted = systems.filter(system => system.data === name).map(system => system.accuracy)
        .sort((a, b) => a - b);
      return sorted.length < 4 ? null
        : {low: quantile(sorted, 0.25), middle: quantile(sorted, 0.5), high: quantile(sorted, 0.75)};
    });
    // The golden ratio spreads neighbors in a row evenly without chance.
    const spread = system => rows.indexOf(system.data) + (system.number * 0.618034 % 1 - 0.5) * 0.5;
    document.getElementById('strip').style.height = `${Math.max(220, 70 + 44 * rows.length)}px`;
    draw('chart-strip', 'scatter', groups.map(group => pointsOf(group, system => system.accuracy, spread, 3.2)), {
      plugins: {quartileBoxes: {boxes}},
      scales: {
        x: scale(`${data.split} accuracy`, percentTicks),
        y: scale('', {min: -0.5, max: rows.length - 0.5, reverse: true, afterBuildTicks: axis => {
          axis.ticks = rows.map((_, row) => ({value: row}));
        }, ticks: {callback: value => dataText(rows[value] || ''), autoSkip: false},
        grid: {display: false, borderColor: style('--line')}}),
      },
    });
  }

  function drawTrainings() {
    const kind = document.getElementById('training-kind').value;
    const curves = data.runs.flatMap((run, runIndex) => run.trainings
      .filter(training => training.name.split(' ')[0] === kind)
      .map((training, index) => ({run, runIndex, index, ...training})));
    const labelOf = curve => {
      const name = curve.name.slice(kind.length + 1);
      return (several ? curve.run.label + ', ' : '') + (kind === 'supernet' ? dataText(name) : `no. ${name}`);
    };
    const datasets = column => curves.map(curve => {
      const name = curve.name.slice(kind.length + 1);
      const color = several ? runColor(curve.runIndex)
        : kind === 'supernet' ? configurationColor(name) : runColor(curve.index);
      return {label: labelOf(curve), data: curve.points.map(point => ({x: point[0], y: point[column]})),
              borderColor: color, backgroundColor: color, borderWidth: 1.8, pointRadius: 0, pointHitRadius: 6,
              borderDash: kind === 'supernet' && isPlain(name) ? [6, 3] : []};
    });
    for (const [id, column, title, more] of [['chart-loss', 1, 'loss', {beginAtZero: true}],
                                             ['chart-accuracy', 2, 'accuracy', percentTicks]])
      draw(id, 'line', datasets(column), {
        interaction: {mode: 'nearest', axis: 'xy', intersect: false},
        plugins: {
          legend: {display: curves.length > 0 && curves.length <= 16, position: 'bottom',
                   labels: {boxWidth: 22, boxHeight: 0}},
          tooltip: {callbacks: {
            title: items => items.slice(0, 1).map(item => `${item.dataset.label}, step ${digits(item.raw.x, 0)}`),
            label: item => column === 2 ? `accuracy ${percent(item.raw.y)}` : `loss ${item.raw.y.toFixed(4)}`,
          }, displayColors: false},
        },
        scales: {x: scale('step', {type: 'linear', min: 0}), y: scale(title, more)},
      });
  }

  function drawAll() {
    Chart.defaults.color = style('--quiet');
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.font.size = 12;
    drawTradeoff('chart-ram', 'ram', 'RAM, KiB');
    drawTradeoff('chart-flash', 'flash', 'flash, KiB');
    drawProgress();
    drawStrip();
    if (hasTrainings) drawTrainings();
    drawChips();
    for (const heading of document.querySelectorAll('.run-name')) {
      const swatch = document.createElement('i');
      swatch.style.background = runColor(Number(heading.dataset.run));
      heading.querySelector('i')?.remove();
      heading.prepend(swatch);
    }
  }

  // ---- controls
  function symbol(group) {
    const path = group.symbol === 'rectRot' ? 'M7 1l6 6-6 6-6-6z' : 'M7 1.5a5.5 5.5 0 1 0 .01 0z';
    return `<svg viewBox="0 0 14 14" aria-hidden="true"><path d="${path}" fill="${group.color()}"/></svg>`;
  }
  function drawChips() {
    const box = document.getElementById('groups');
    box.replaceChildren(...groups.map(group => {
      const button = document.createElement('button');
      button.type = 'button';
      button.innerHTML = symbol(group);
      button.append(group.name);
      button.setAttribute('aria-pressed', String(!group.hidden));
      button.addEventListener('click', () => {
        group.hidden = !group.hidden;
        button.setAttribute('aria-pressed', String(!group.hidden));
        for (const id of ['chart-ram', 'chart-flash', 'chart-progress', 'chart-strip']) {
          charts[id].data.datasets.forEach((dataset, i) => {
            if (dataset.group === group) charts[id].setDatasetVisibility(i, !group.hidden);
          });
          charts[id].update();
        }
      });
      return button;
    }));
  }

  function offerTrainings() {
    const kinds = [...new Set(data.runs.flatMap(run => run.trainings.map(training => training.name.split(' ')[0])))];
    if (!kinds.length) document.getElementById('training').remove();
    const names = {supernet: 'supernets', final: 'final training of the front'};
    const select = document.getElementById('training-kind') || document.createElement('select');
    select.append(...kinds.map(kind => new Option(names[kind] || kind, kind)));
    select.addEventListener('change', drawTrainings);
    return kinds.length > 0;
  }

  function sortTable(table, column, header) {
    const current = header.getAttribute('aria-sort');
    const isNumeric = table.tBodies[0].rows[0].cells[column].classList.contains('number');
    const next = current === 'descending' || (!current && !isNumeric) ? 'ascending' : 'descending';
    const direction = next === 'ascending' ? 1 : -1;
    const value = body => body.rows[0].cells[column].dataset.value;
    const bodies = [...table.tBodies].sort((a, b) => {
      const x = value(a), y = value(b);
      const order = x !== '' && y !== '' && !isNaN(x) && !isNaN(y) ? x - y : x.localeCompare(y, 'en', {numeric: true});
      return direction * order;
    });
    table.append(...bodies);
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
    header.setAttribute('aria-sort', next);
  }
  for (const table of document.querySelectorAll('table.sortable')) {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = header.textContent;
      button.addEventListener('click', () => sortTable(table, column, header));
      header.replaceChildren(button);
    });
  }

  const hasTrainings = offerTrainings();
  document.getElementById('progress-value').addEventListener('change', drawProgress);
  document.getElementById('progress-time').addEventListener('change', drawProgress);
  if (!systems.length) for (const id of ['tradeoff', 'search']) document.getElementById(id).hidden = true;
  drawAll();
  dark.addEventListener('change', drawAll);
})();
