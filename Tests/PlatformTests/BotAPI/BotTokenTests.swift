import Platform
import Testing

@Suite("Bot token")
struct BotTokenTests {
    @Test("A token knows its bot and never prints its secret")
    func masked() throws {
        let secret = "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_"
        let token = try #require(BotToken("123456789:" + secret))
        var dumped = ""

        dump(token, to: &dumped)

        #expect(token.telegramID == 123_456_789)
        #expect(token.secret == "123456789:" + secret)
        #expect("\(token)" == "123456789:[masked]")
        #expect(
            !(String(reflecting: token) + dumped + "\(Optional(token) as Any)" + "\([token])").contains(
                secret))
    }

    @Test(
        "What is no token is refused",
        arguments: [
            "", ":", "123", "123:", "123:short", "abc:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
            "-1:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
            "0:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", ":AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
            "123:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/", "123:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw\n",
            " 123:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "123:AAHdqTcvCH1vGWJx:fSeofSAs0K5PALDsaw",
            "123:../../../../../../../../../../..",
            "99999999999999999999:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
            "123:ééééééééééééééééééééééééééééééééééé",
        ])
    func refused(text: String) {
        #expect(BotToken(text) == nil)
    }
}
