-- http-request lua.verify URL asks auth-api's GET /verify. It lets the request through
-- with who asks, and sets txn.authorized; or it answers the client as auth-api did.

local identity = { "Remote-User", "Remote-Email", "Remote-Emailverified", "Remote-Name", "Remote-Scope", "Remote-Session" }
-- What auth-api answers a client. All else, and no answer, is 503: it says nothing
-- about the token.
local refusals = { [400] = true, [401] = true, [403] = true }
local passed_on = { "www-authenticate", "content-type" }
local timeout = 2000 -- milliseconds

-- values are all values of a header; HAProxy counts them from 0.
local function values(headers, name)
  local out = {}
  local found = headers and headers[name]
  local i = 0
  while found and found[i] do
    out[#out + 1] = found[i]
    i = i + 1
  end
  return out
end

core.register_action("verify", { "http-req" }, function(txn, url)
  local headers = nil
  local authorization = values(txn.http:req_get_headers(), "authorization")
  if #authorization > 0 then
    headers = { authorization = authorization }
  end

  local ok, answer = pcall(function()
    return core.httpclient():get({ url = url, headers = headers, timeout = timeout })
  end)
  local status = ok and answer and answer.status or 0

  if status == 204 then
    for _, name in ipairs(identity) do
      local value = values(answer.headers, name:lower())[1]
      txn.http:req_set_header(name, value or "")
    end
    txn:set_var("txn.authorized", true)
    return
  end

  local reply = txn:reply()
  if refusals[status] then
    reply:set_status(status)
    for _, name in ipairs(passed_on) do
      for _, value in ipairs(values(answer.headers, name)) do
        reply:add_header(name, value)
      end
    end
    reply:set_body(answer.body or "")
  else
    reply:set_status(503)
    reply:add_header("retry-after", "1")
  end
  txn:done(reply)
end, 1)
