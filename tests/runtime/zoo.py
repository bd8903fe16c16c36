"""One of each: workflows that do what random programs seldom do. For `stories`; arguments called `how` say what."""

TEXT = """rft 1
module m

error Bad { code: int }
error Worse

activity get(k: str) -> int raises Bad, Worse { timeout: 10s, retry: 3 times backoff 1s..1h except Bad }
activity put(k: str) { timeout: 10s, retry: 2 times }
activity dial(k: str) -> int { timeout: 1s, once: at_most, retry: 2 times }
activity hold(k: str) -> str { timeout: 10s, retry: never }
activity undo_hold(k: str) { timeout: 10s, retry: forever backoff 1s..1h }
activity undo_paid(k: str, n: int) -> int { timeout: 10s, retry: forever }
activity pay(who: str, n: int) -> int { timeout: 10s, key: "pay-${workflow.id}-${100 // n}", retry: 2 times }

workflow Kid version 1 (n: int, how: str = "") -> int raises Bad {
  checkpoint at = "begun"
  signal nudge(str)
  signal stop
  if how == "at once" { return n * 10 }
  if how == "fails" { fail Bad(code: n) }
  if how == "divides" { return 10 // n }
  select {
    on nudge as text => at = text
    on stop => fail Bad(code: n)
    after 1d => at = "late"
  }
  return n + len(at)
}

workflow Monthly version 1 (n: int, how: str = "") -> int {
  checkpoint at = n
  signal say(str)
  signal stop
  if n > 8 { return n }
  try {
    let m = do pay(how, n)
    at = m
  } catch ActivityFailed { log warn "not paid" }
  select {
    on stop => return n
    on say as text => log info text
    after 30d => log info "${n}"
  }
  if how == "child" {
    try { let m = do Kid(n, how: "at once")  log info m } catch Bad | ActivityFailed { log info "no child" }
  }
  if how == "spawns" { spawn Kid(n) id "kept" }
  if how == "quick" { continue as new(n + 2, how) }
  continue as new(n + 1, how)
}

workflow Saga version 1 (n: int, how: str = "") -> str {
  checkpoint at = "begun"
  signal say(str)
  return try {
    let one = do hold("one") compensate do undo_hold(one)
    at = "one"
    let two = do hold("two") compensate {
      at = "undoing two"
      parallel { a: do undo_hold(two)  b: do undo_paid(two, n) }
      log info "${b}"
      at = "undone two"
    }
    at = two
    let kid = do Kid(n, how: how) compensate do undo_paid("kid", kid)
    if how == "divides" { at = "${10 // n}" }
    let text = wait say within 1d
    if text is none { fail Worse }
    give "${kid} ${text}"
  } catch Worse | Bad as why {
    do put("caught ${why}")
    give "failed"
  } catch Cancelled as why {
    do put("cancelled ${why.reason}")
    give "cancelled"
  } finally {
    at = "left"
  }
}

workflow Wide version 1 (xs: list[int], how: str = "") -> str raises Bad, Worse {
  checkpoint done = 0
  let turns = parallel for x in xs limit 2 settle {
    let h = do hold("${x}") compensate do undo_hold(h)
    if how == "divides" { log info 10 // x }
    let n = do get("${x} ${h}")
    if n > 6 { fail Bad(code: n) }
    give n
  }
  done = len([t for t in turns if t is Ok])
  dag {
    a: do get("a")
    b: parallel for x in xs limit 3 { give do get("b${x} ${a}") }
    d after a: do put("d")
    e: = sum(b) + a
    f after d: do undo_paid("f", e)
  }
  return "${done} ${e} ${f} ${turns}"
}

workflow Asks version 1 (n: int, how: str = "") -> str raises Bad, Worse {
  checkpoint got: list[int] = []
  signal go
  let kid = spawn Kid(n, how: how)
  send kid.nudge("from its parent")
  parallel {
    a: wait kid
    b: { let m = wait kid within 2d  do put("b")  give m ?? 0 }
    c: try { give do dial("c") } catch Interrupted { give 0 - 1 } catch ActivityFailed { give 0 - 2 }
    d: select {
      do Kid(n + 1) as m => give m
      do get("d") as m => give m
      on go => give 7
      after 3h => give 8
    }
  }
  got = [a, b, c, d]
  if how == "named" {
    let other = spawn Kid(n) id "x"
    let m = wait other within 1d
    got = got + [m ?? 0]
  }
  sleep 1h
  return "${got}"
}

workflow Many version 1 (n: int) -> int raises Bad {
  let first = spawn Kid(n) id "first of ${workflow.run}"
  for i in 1..min(n, 6) { spawn Kid(i, how: "at once") id "${workflow.run} ${i}" }
  let m = wait first within 2d
  return m ?? 0
}

workflow Deep version 1 (n: int) -> int raises Bad, Worse {
  if n <= 0 {
    let m = do get("bottom")
    return m
  }
  let below = do Deep(n - 1)
  return below + 1
}
"""
