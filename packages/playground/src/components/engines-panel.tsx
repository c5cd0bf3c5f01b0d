// SPDX-License-Identifier: BSD-2-Clause
import { compareEngines, comparing, engines, runProblem } from '../state/run.ts'

function nanoseconds(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} µs` : `${value.toFixed(0)} ns`
}

function Figures() {
  const report = engines.value
  if (!report)
    return <p class="empty">Runs the chosen input on the interpreter and on compiled code, and times both.</p>
  const { interp, jit, runs } = report
  return (
    <>
      <table class="map">
        <caption>
          {runs > 1
            ? `One run, by the best average of ${runs}, without what the kernel does around it`
            : 'One run each, with the call around it'}
        </caption>
        <thead>
          <tr>
            <th scope="col">Engine</th>
            <th scope="col">Returned</th>
            <th scope="col">Time</th>
            <th scope="col">Code</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Interpreter</th>
            <td class="mono">{interp.retval}</td>
            <td class="mono">{nanoseconds(interp.nanoseconds)}</td>
            <td>decoded records</td>
          </tr>
          <tr>
            <th scope="row">JIT</th>
            <td class="mono">{jit ? jit.retval : '–'}</td>
            <td class="mono">{jit ? nanoseconds(jit.nanoseconds) : '–'}</td>
            <td>{jit ? `${jit.bytes} bytes of WebAssembly` : 'not compiled'}</td>
          </tr>
        </tbody>
      </table>
      {jit && (
        <p class={jit.retval === interp.retval ? 'banner good' : 'banner bad'} role="status">
          {jit.retval === interp.retval ? 'Both engines agree' : 'The engines differ: a defect'}; compiled code is{' '}
          {(interp.nanoseconds / jit.nanoseconds).toFixed(1)} times as fast.
        </p>
      )}
    </>
  )
}

export function EnginesPanel() {
  return (
    <div class="engines">
      <div class="toolbar">
        <button type="button" class="primary" disabled={comparing.value} onClick={() => void compareEngines()}>
          Compare engines
        </button>
        {comparing.value && <span role="status">Running…</span>}
      </div>
      {runProblem.value && (
        <p class="banner bad" role="alert">
          {runProblem.value}
        </p>
      )}
      <div class="columns">
        <div>
          <Figures />
        </div>
        <div>
          {engines.value?.wat && (
            <>
              <h3>As WebAssembly</h3>
              <pre class="wat scroll" role="region" tabIndex={0} aria-label="WebAssembly text">
                {engines.value.wat}
              </pre>
            </>
          )}
        </div>
      </div>
    </div>
  )
}
