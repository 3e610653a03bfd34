// What GnuTLS does not offer for keys, from the library of curves below it (nettle's hogweed, with GMP's numbers).
#ifndef TERN_KEYS_H
#define TERN_KEYS_H

#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>

// The point of a secret on P-256 in constant time: 32 bytes in, 32 bytes each out. 0 where the secret is 0 or not below
// the curve's order.
static inline int tern_p256_point(const unsigned char *secret, unsigned char *x, unsigned char *y) {
  const struct ecc_curve *curve = nettle_get_secp_256r1();
  struct ecc_scalar scalar;
  struct ecc_point point;
  mpz_t number, ordinate;
  nettle_mpz_init_set_str_256_u(number, 32, secret);
  mpz_init(ordinate);
  ecc_scalar_init(&scalar, curve);
  ecc_point_init(&point, curve);
  int isInRange = ecc_scalar_set(&scalar, number);
  if (isInRange) {
    ecc_point_mul_g(&point, &scalar);
    ecc_point_get(&point, number, ordinate);
    nettle_mpz_get_str_256(32, x, number);
    nettle_mpz_get_str_256(32, y, ordinate);
  }
  ecc_point_clear(&point);
  ecc_scalar_clear(&scalar);
  mpz_clear(ordinate);
  mpz_clear(number);
  return isInRange;
}

#endif
