// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .unsafeFlags(
        ["-cross-module-optimization", "-enforce-exclusivity=unchecked"], .when(configuration: .release)),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A C library from the distribution: its module map and shim live beside the code that wraps it.
func library(_ name: String, _ folder: String, pkgConfig: String? = nil, apt: String) -> Target {
    .systemLibrary(
        name: name, path: "Sources/Platform/C/\(folder)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "rookery",
    products: [.executable(name: "rookery", targets: ["API"])],
    targets: [
        .systemLibrary(name: "CLinux", path: "Sources/Platform/C/linux"),
        library("CMicroHTTPD", "libmicrohttpd", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),
        library("CPostgres", "libpq", pkgConfig: "libpq", apt: "libpq-dev"),
        library("CCurl", "libcurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        library("COpenSSL", "openssl", pkgConfig: "libcrypto", apt: "libssl-dev"),
        library("CMimalloc", "mimalloc", apt: "libmimalloc-dev"),

        .target(
            name: "Platform",
            dependencies: ["CLinux", "CMicroHTTPD", "CPostgres", "CCurl", "COpenSSL", "CMimalloc"],
            exclude: ["C"], swiftSettings: strict),
        .target(name: "Tenancy", dependencies: ["Platform"], swiftSettings: strict),
        .target(name: "Auth", dependencies: ["Tenancy", "Platform"], swiftSettings: strict),
        .target(name: "Sandbox", dependencies: ["Platform"], swiftSettings: strict),
        .executableTarget(
            name: "API", dependencies: ["Auth", "Tenancy", "Sandbox", "Platform"], swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["Auth", "Tenancy", "Sandbox", "Platform"],
            path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "PlatformTests", dependencies: ["Platform", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "TenancyTests", dependencies: ["Tenancy", "Sandbox", "Platform", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "AuthTests", dependencies: ["Auth", "Tenancy", "Platform", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "APITests", dependencies: ["API", "Auth", "Tenancy", "Sandbox", "Platform", "TestSupport"],
            swiftSettings: strict),
        .testTarget(name: "SandboxTests", dependencies: ["Sandbox", "Platform"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
