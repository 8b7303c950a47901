import Platform

/// Where Telegram sends webhook requests from (Bot API, "Marvin's Marvellous Guide to All Things Webhook").
enum TelegramNetwork {
    static let ranges = ["149.154.160.0/20", "91.108.4.0/22"].compactMap { AddressRange($0) }

    static func contains(_ address: IPAddress) -> Bool { ranges.contains { $0.contains(address) } }
}
