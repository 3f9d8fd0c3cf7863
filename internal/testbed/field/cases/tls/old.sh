#!/bin/sh
# TLS 1.1 only.
exec openssl s_server -accept @IP@:8443 -key key.pem -cert cert.pem -tls1_1 -cipher 'DEFAULT:@SECLEVEL=0' -www
