/**
 * Recordings that ship with the page, landmarks only, made by
 * `python -m device run --source "demo:?fps=15" --frames 180 | gzip -9n` and, the small one,
 * `--source "demo:?fps=15&size=320x240&mirror=1" --frames 90`.
 */
export const SAMPLES = ["demo-round.jsonl.gz", "demo-small.jsonl.gz"];
