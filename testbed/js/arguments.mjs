// Arguments of the form --name value, and the one way these programs print:
// one JSON object per line on standard output, what the test compares with the
// database.

/** Returns the value of --name, or fallback; throws when neither is there. */
export function argument(name, fallback) {
  const i = process.argv.indexOf(`--${name}`)
  if (i >= 0 && i + 1 < process.argv.length) return process.argv[i + 1]
  if (fallback === undefined) throw new Error(`--${name} is required`)
  return fallback
}

/** Prints one line of JSON. */
export function report(line) {
  process.stdout.write(JSON.stringify(line) + '\n')
}
