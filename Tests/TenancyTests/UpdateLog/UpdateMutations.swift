import TestSupport

/// Real updates, damaged in the ways that break parsers; the same for the same seed.
struct UpdateMutations {
    static let originals = [
        #"{"update_id":815,"message":{"message_id":4,"from":{"id":7,"is_bot":false,"first_name":"Ada"},"chat":{"id":7,"first_name":"Ada","type":"private"},"date":1750000000,"text":"Ein Rabe \ud83d\udc26‍⬛ \"krächzt\"\n"}}"#,
        #"{"update_id":816,"callback_query":{"id":"43","from":{"id":7,"is_bot":false,"first_name":"Ada"},"message":{"message_id":3,"chat":{"id":-1001,"title":"Nest","type":"supergroup"},"date":1,"reply_markup":{"inline_keyboard":[[{"text":"A","callback_data":"a"}]]}},"chat_instance":"-99","data":"a"}}"#,
        #"{"update_id":817,"poll_answer":{"poll_id":"5","user":{"id":7,"is_bot":false,"first_name":"Ada"},"option_ids":[0,2]}}"#,
        #"{"update_id":818,"my_chat_member":{"chat":{"id":-5,"title":"x","type":"group"},"from":{"id":7},"date":1,"old_chat_member":{"status":"left"},"new_chat_member":{"status":"member"}}}"#,
        #"{"update_id":819,"inline_query":{"id":"1","from":{"id":7},"query":"","offset":""}}"#,
        #"{"update_id":820,"hatching":{"eggs":[1,2.5e-3,-0,true,null,{}],"nest":{"chat":{"id":1}}}}"#,
    ]

    /// Pieces that stand on the edge of what JSON, UTF-8 and PostgreSQL allow.
    private static let pieces: [[UInt8]] =
        [
            #"\u0000"#, #"\ud800"#, #"\udc00\ud800"#, #"\u12"#, #"\x"#, "\u{0}", "\u{FEFF}", "\u{7F}",
            "1e999", "-",
            "01", "9223372036854775808", "NaN", "[[[[[[[[", "]]", "{}", "null", "\"", "\\", ",", ":", "\n",
            "/**/",
            #""update_id":1,"#, #""update_id":"x","#, #""":1,"#,
        ].map { Array($0.utf8) } + [
            [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xE2, 0x82],
        ]

    private var random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func next() -> [UInt8] {
        var bytes = Array(Self.originals[Int.random(in: 0..<Self.originals.count, using: &random)].utf8)
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty { damage(&bytes) }
        return bytes
    }

    private mutating func damage(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...20, using: &random)))
        case 3: bytes.removeSubrange(place...)
        default:
            let piece = Self.pieces[Int.random(in: 0..<Self.pieces.count, using: &random)]
            bytes.insert(contentsOf: piece, at: place)
        }
    }
}
