-- wrk: each request a message update of 573 bytes with an update_id of its own, over 1,000 chats.
-- Arguments: a file of targets (one "path secret" a line, taken at random) and the first update_id
-- (10 digits; each thread counts in its own ten million).

local threads = 0
function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

local SIZE, CHATS = 573, 1000
local heads, tails = {}, {}
local next_id

local function tail(chat, now)
    local person = string.format(
        '"id":%d,"first_name":"Katharina","last_name":"Meyerhoff","username":"katharina_%d"', chat, chat)
    local before = string.format(
        ',"message":{"message_id":%d,"from":{%s,"is_bot":false,"language_code":"de"},'
        .. '"chat":{%s,"type":"private"},"date":%d,"text":"', 40000 + chat % 10000, person, person, now)
    local after = '"}}'
    local text = string.rep("I would like to book the morning class on Tuesday, please. ", 8)
    return before .. text:sub(1, SIZE - #'{"update_id":1000000000' - #before - #after) .. after
end

function init(arguments)
    for line in io.lines(arguments[1]) do
        local path, secret = line:match("^(%S+) (%S+)$")
        heads[#heads + 1] = "POST " .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            .. "Content-Type: application/json\r\nX-Telegram-Bot-Api-Secret-Token: " .. secret
            .. "\r\nContent-Length: " .. SIZE .. '\r\n\r\n{"update_id":'
    end
    local now = os.time()
    for chat = 1, CHATS do tails[chat] = tail(1000000000 + chat, now) end
    next_id = tonumber(arguments[2]) + number * 10000000
    math.randomseed(number + 1)
end

function request()
    local id = next_id
    next_id = id + 1
    local head = #heads == 1 and heads[1] or heads[math.random(#heads)]
    return head .. string.format("%.0f", id) .. tails[id % CHATS + 1]
end

dofile(os.getenv("WRK_REPORT"))
