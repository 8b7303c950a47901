#pragma once
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>

/// A new key on P-256; null when there is no memory. (EVP_EC_gen is a variadic macro.)
static inline EVP_PKEY *shim_p256_generate(void) { return EVP_EC_gen("P-256"); }

/// A key on P-256 from its uncompressed point (65 bytes) and, when it is private, its scalar (32 bytes); null when
/// the point is not on the curve, or the scalar not the point's.
static inline EVP_PKEY *shim_p256_import(const unsigned char *point, const unsigned char *scalar) {
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL), *check = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *number = scalar ? BN_bin2bn(scalar, 32, NULL) : NULL;
    int is_good = context && builder && (!scalar || number)
        && OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1
        && OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 65) == 1
        && (!number || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number) == 1)
        && (parameters = OSSL_PARAM_BLD_to_param(builder)) != NULL
        && EVP_PKEY_fromdata_init(context) == 1
        && EVP_PKEY_fromdata(context, &key, number ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, parameters) == 1
        && (check = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL)) != NULL
        && (number ? EVP_PKEY_check(check) : EVP_PKEY_public_check(check)) == 1;
    EVP_PKEY_CTX_free(check);
    OSSL_PARAM_free(parameters);
    BN_clear_free(number);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    if (is_good) return key;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return NULL;
}

/// The public point, uncompressed; 1 when it is there.
static inline int shim_p256_point(const EVP_PKEY *key, unsigned char point[65]) {
    size_t length = 0;
    return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &length) == 1 && length == 65
        && point[0] == 4;
}

/// The private scalar; 1 when it is there.
static inline int shim_p256_scalar(const EVP_PKEY *key, unsigned char scalar[32]) {
    BIGNUM *number = NULL;
    int is_there = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1
        && BN_bn2binpad(number, scalar, 32) == 32;
    BN_clear_free(number);
    return is_there;
}
