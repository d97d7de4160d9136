-- Milliseconds that each connection rests before a request: what starts beside it needs the processors too.
function delay()
  return 20
end
