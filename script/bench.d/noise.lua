-- wrk: one request again and again, each connection pausing between two. Arguments: milliseconds to pause, method,
-- path, bearer token or -, body.

local pause

function init(arguments)
    pause = tonumber(arguments[1])
    wrk.method, wrk.path = arguments[2], arguments[3]
    wrk.headers["Host"] = "127.0.0.1"
    if arguments[4] ~= "-" then wrk.headers["Authorization"] = "Bearer " .. arguments[4] end
    if arguments[5] then
        wrk.headers["Content-Type"] = "application/json"
        wrk.body = arguments[5]
    end
end

function delay() return pause end
dofile(os.getenv("WRK_REPORT"))
