#!/bin/sh
# RSA key exchange only.
exec openssl s_server -accept @IP@:8443 -key key.pem -cert cert.pem -tls1_2 -cipher AES128-GCM-SHA256 -www
