import Platform
import Testing

@Suite("Dates of HTTP")
struct HTTPDateTests {
    @Test(
        "They are read as RFC 9110 has them",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37.000Z"),
            ("Thu, 29 Feb 2024 23:59:59 GMT", "2024-02-29T23:59:59.000Z"),
            ("Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00.000Z"),
        ])
    func dates(text: String, time: String) {
        #expect(Timestamp(httpDate: text)?.description == time)
    }

    @Test(
        "Nothing else is",
        arguments: [
            "", "120", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Fri, 31 Jun 2024 00:00:00 GMT", "Fri, 00 Jun 2024 00:00:00 GMT", "Fri, 01 Foo 2024 00:00:00 GMT",
            "Fri, 01 Jun 2024 24:00:00 GMT", "Fri, 01 Jun 2024 00:60:00 GMT", "1994-11-06T08:49:37Z",
        ])
    func others(text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }
}
