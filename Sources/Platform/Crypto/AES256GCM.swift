import COpenSSL

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D). A nonce must never serve twice under one key.
enum AES256GCM {
    static let keyLength = 32
    static let nonceLength = 12
    static let tagLength = 16

    /// - Returns: the ciphertext with its tag behind it; nil when OpenSSL is out of memory.
    static func seal(_ plaintext: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]) -> [UInt8]? {
        guard key.count == keyLength, nonce.count == nonceLength, let context = EVP_CIPHER_CTX_new() else {
            return nil
        }
        defer { EVP_CIPHER_CTX_free(context) }
        var sealed = [UInt8](repeating: 0, count: plaintext.count + tagLength)
        var count: Int32 = 0
        let isSealed = sealed.withUnsafeMutableBufferPointer { sealed in
            guard let output = sealed.baseAddress else { return false }
            return EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
                && EVP_EncryptUpdate(context, nil, &count, associated, Int32(associated.count)) == 1
                && EVP_EncryptUpdate(context, output, &count, plaintext, Int32(plaintext.count)) == 1
                && EVP_EncryptFinal_ex(context, output + plaintext.count, &count) == 1
                && EVP_CIPHER_CTX_ctrl(
                    context, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), output + plaintext.count) == 1
        }
        return isSealed ? sealed : nil
    }

    /// - Returns: nil when key, nonce, associated data or a byte of `sealed` is not what it was.
    static func open(_ sealed: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]) -> [UInt8]? {
        guard key.count == keyLength, nonce.count == nonceLength, sealed.count >= tagLength,
            let context = EVP_CIPHER_CTX_new()
        else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        let length = sealed.count - tagLength
        var tag = Array(sealed[length...])
        // One byte more than needed, so that there is an address even for an empty text.
        var plaintext = [UInt8](repeating: 0, count: length + 1)
        var count: Int32 = 0
        let isGenuine =
            EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1
            && EVP_DecryptUpdate(context, nil, &count, associated, Int32(associated.count)) == 1
            && EVP_DecryptUpdate(context, &plaintext, &count, sealed, Int32(length)) == 1
            && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), &tag) == 1
            && EVP_DecryptFinal_ex(context, nil, &count) == 1
        guard isGenuine else { return nil }
        plaintext.removeLast()
        return plaintext
    }
}
