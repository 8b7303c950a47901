-- wrk: the same GET again and again. Arguments: the path, the bearer token.

function init(arguments)
    wrk.path = arguments[1]
    wrk.headers["Authorization"] = "Bearer " .. arguments[2]
    wrk.headers["Host"] = "127.0.0.1"
end
dofile(os.getenv("WRK_REPORT"))
