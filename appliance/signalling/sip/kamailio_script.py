# SPDX-License-Identifier: GPL-2.0-only
"""Kamailio's script: registrar, proxy and dialog table in front of the SIP worker.

The gateway is the one source (address and port) that is trusted; everybody else shows a digest. Phones reach the
gateway and nobody else; the gateway reaches phones, and those of peers by their Kamailio, whose challenge is answered
here. A peer reaches phones and nobody else. Damaged messages are dropped without an answer and counted.
Placeholders are @NAME@; `$` belongs to Kamailio.
"""

SCRIPT = r"""#!KAMAILIO
debug=0
corelog=3
log_stderror=yes
log_name="kamailio"
fork=yes
# One: Kamailio waits for no lock of SQLite, so two writers would lose a registration now and then.
children=1
listen=udp:@PROXY@
alias="@DOMAIN@"
auto_aliases=no
disable_tcp=yes
tos=@TOS@
dns=no
rev_dns=no
server_header="Server: Branchline"
user_agent_header="User-Agent: Branchline"
server_signature=yes
sip_warning=0
mpath="@MODULES@"

loadmodule "db_sqlite.so"
loadmodule "jsonrpcs.so"
loadmodule "kex.so"
loadmodule "corex.so"
loadmodule "tm.so"
loadmodule "tmx.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "sanity.so"
loadmodule "statistics.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "auth_db.so"
loadmodule "uac.so"
loadmodule "dialog.so"
loadmodule "pike.so"
loadmodule "htable.so"
loadmodule "debugger.so"
loadmodule "siptrace.so"
loadmodule "xlog.so"

# The core prints a damaged message whole, with whatever caller is in it; the counter tells that it came.
modparam("debugger", "mod_hash_size", 4)
modparam("debugger", "mod_level_mode", 1)
modparam("debugger", "mod_level", "core=-2")
modparam("debugger", "mod_level", "sanity=-2")

modparam("jsonrpcs", "transport", 4)
modparam("jsonrpcs", "dgram_socket", "@CONTROL@")
modparam("jsonrpcs", "dgram_mode", 0600)
modparam("jsonrpcs", "dgram_workers", 1)

# A phone that does not answer at all is unreachable after 5 s; one that rings is call control's matter.
modparam("tm", "fr_timer", 5000)
modparam("tm", "fr_inv_timer", 180000)
modparam("rr", "append_fromtag", 1)
modparam("rr", "enable_full_lr", 1)

# Every binding is on disk before the phone has its 200.
modparam("usrloc", "db_url", "sqlite:///@LOCATION@")
modparam("usrloc", "db_mode", 1)
modparam("usrloc", "use_domain", 0)
modparam("usrloc", "timer_interval", 30)
modparam("registrar", "default_expires", 300)
modparam("registrar", "min_expires", 60)
modparam("registrar", "max_expires", 3600)
modparam("registrar", "method_filtering", 0)
modparam("registrar", "retry_after", 2)

modparam("auth", "qop", "auth")
modparam("auth", "nonce_expire", 300)
modparam("auth", "nonce_count", 1)
modparam("auth_db", "db_url", "sqlite:///@SUBSCRIBERS@")
modparam("auth_db", "calculate_ha1", 0)
modparam("auth_db", "password_column", "ha1")
modparam("auth_db", "use_domain", 0)
modparam("auth_db", "load_credentials", "$avp(number)=username")
# How we show a peer who we are: its HA1, of our box, its realm and the secret of both.
modparam("uac", "auth_username_avp", "$avp(user)")
modparam("uac", "auth_realm_avp", "$avp(realm)")
modparam("uac", "auth_password_avp", "$avp(ha1)")
# Peers: a box by its proxy, and by the box its proxy, its realm and our HA1 there.
modparam("htable", "htable", "box=>size=8;")
modparam("htable", "htable", "proxy=>size=8;")
modparam("htable", "htable", "realm=>size=8;")
modparam("htable", "htable", "ha1=>size=8;")
# Ten wrong passwords from one address for one extension in a minute: no more are checked for a minute.
modparam("htable", "htable", "wrong=>size=8;autoexpire=60;")

modparam("pv", "shvset", "flooded=i:0")

modparam("dialog", "db_url", "sqlite:///@DIALOGS@")
modparam("dialog", "db_mode", 1)
modparam("dialog", "send_bye", 1)
modparam("dialog", "default_timeout", 43200)
modparam("dialog", "enable_stats", 1)

# One address may stand for every phone of a site: all registering at once, with challenge, must pass.
modparam("pike", "sampling_time_unit", 2)
modparam("pike", "reqs_density_per_unit", @FLOOD@)
modparam("pike", "remove_latency", 10)

# A copy of every message, as it came and as it was sent, with its addresses (HEP), to the SIP worker's trace.
modparam("siptrace", "trace_to_database", 0)
modparam("siptrace", "trace_init_mode", 1)
modparam("siptrace", "trace_mode", 1)
modparam("siptrace", "trace_on", 1)
modparam("siptrace", "hep_mode_on", 1)
modparam("siptrace", "hep_version", 3)
modparam("siptrace", "duplicate_uri", "sip:@TRACE@")

modparam("sanity", "noreply", 1)
modparam("sanity", "autodrop", 0)
modparam("statistics", "variable", "damaged")
modparam("statistics", "variable", "flooded")
modparam("statistics", "variable", "refused")

@PEERS@
request_route {
    if ($si == "@GATEWAY_ADDRESS@" && $sp == @GATEWAY_PORT@) {
        setflag(1);
    } else if (!pike_check_req()) {
        update_stat("flooded", "+1");
        $shv(flooded) = $TS;
        drop;
    }
    if (!sanity_check("17895", "7")) {
        update_stat("damaged", "+1");
        drop;
    }
    if (!mf_process_maxfwd_header("10")) {
        sl_send_reply("483", "Too Many Hops");
        exit;
    }
    if (is_method("CANCEL")) {
        if (t_check_trans()) { t_relay(); }
        exit;
    }
    if (!is_method("ACK") && t_precheck_trans()) {
        t_check_trans();
        exit;
    }
    t_check_trans();
    if (has_totag()) { route(WITHIN_DIALOG); }
    if (is_method("ACK")) { exit; }
    if (is_method("OPTIONS") && uri == myself) {
        sl_send_reply("200", "OK");
        exit;
    }
    remove_hf("Route");
    if (isflagset(1)) {
        if ($sht(box=>$rd:$rp) != $null) { route(TO_PEER); }
        route(TO_PHONE);
    }
    route(FROM_ACCOUNT);
}

# What is copied: what may be a call's, and nothing for 2 s after a flood, which is here before pike says so.
event_route[siptrace:msg] {
    if ($shv(flooded) + 2 > $TS || is_method("REGISTER|SUBSCRIBE|NOTIFY|PUBLISH")) { drop; }
}

route[WITHIN_DIALOG] {
    if (loose_route()) {
        if ($du == $null && uri == myself) {
            sl_send_reply("404", "Not Found");
            exit;
        }
        if (!isflagset(1)) { route(ADMIT); }
        if (is_method("INFO") && !isflagset(1)) { route(DIGIT); }
        if (is_method("REFER") && !isflagset(1)) { route(REFER); }
        # A phone is not left in a talk that is over because the peer's Kamailio was away when it ended.
        if (is_method("BYE") && $du != $null) { t_set_fr(0, @FAREWELL_MS@); }
        t_relay();
        exit;
    }
    if (is_method("ACK")) {
        if (t_check_trans()) { t_relay(); }
        exit;
    }
    sl_send_reply("481", "Call/Transaction Does Not Exist");
    exit;
}

# Within a dialog everybody reaches the gateway; and where a peer began it, that peer its phone, the phone that peer.
route[ADMIT] {
    if ($du == $null && $rd == "@GATEWAY_ADDRESS@" && $rp == "@GATEWAY_PORT@") { return; }
    if (is_known_dlg() && $dlg_var(peer) != $null) {
        if ($du == $null && $sht(box=>$si:$sp) == $dlg_var(peer)) { return; }
        if ($du != $null && $sht(box=>$dd:$dp) == $dlg_var(peer)) { return; }
    }
    route(FORBID);
}

# The cause tells a peer's worker that it was no phone that refused.
route[FORBID] {
    update_stat("refused", "+1");
    append_to_reply("Reason: Q.850;cause=55\r\n");
    sl_send_reply("403", "Forbidden");
    exit;
}

# The gateway's stack acknowledges a digit in the one form only, and has 500 for the other.
route[DIGIT] {
    if ($cT != "application/dtmf") { return; }
    if ($rb =~ "[Ss]ignal") {
        set_body("$rb", "application/dtmf-relay");
    } else {
        set_body("Signal=$(rb{s.trim})\r\n", "application/dtmf-relay");
    }
}

# Who transfers a caller shows a digest, though within the dialog: at its own branch, and the peer has seen to it.
route[REFER] {
    if ($sht(box=>$si:$sp) == $null) { route(AUTHENTICATE); }
    t_on_failure("REFERRED");
}

# The gateway's stack must not accept it itself, for it would call by itself; 499 is how it says that it is taken.
failure_route[REFERRED] {
    if (t_check_status("499")) {
        append_to_reply("Contact: <sip:gateway@@GATEWAY@>\r\n");
        t_reply("202", "Accepted");
    }
}

route[TO_PHONE] {
    if (!is_method("INVITE|OPTIONS|MESSAGE|NOTIFY")) {
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }
    if (is_method("INVITE")) {
        record_route();
        dlg_manage();
    }
    if (!lookup("location")) {
        if (is_subscriber("$ru", "subscriber", "0")) {
            t_newtran();
            t_reply("480", "Temporarily Unavailable");
        } else {
            t_newtran();
            t_reply("404", "Not Found");
        }
        exit;
    }
    # A phone that has registered the gateway's address as its own opens no way there.
    if (!isflagset(1) && $rd == "@GATEWAY_ADDRESS@" && $rp == "@GATEWAY_PORT@") { route(FORBID); }
    t_relay();
    exit;
}

# The gateway calls a phone of a peer. One that is not there is unreachable after @PEER_MS@ ms.
route[TO_PEER] {
    if (!is_method("INVITE")) {
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }
    $var(box) = $sht(box=>$rd:$rp);
    $avp(user) = "@BOX@";
    $avp(realm) = $sht(realm=>$var(box));
    $avp(ha1) = $sht(ha1=>$var(box));
    record_route();
    dlg_manage();
    t_set_fr(0, @PEER_MS@);
    t_on_failure("CHALLENGED");
    t_relay();
    exit;
}

failure_route[CHALLENGED] {
    if (t_is_canceled()) { exit; }
    if (t_branch_timeout() && !t_branch_replied()) { route(SILENT); }
    if (!t_check_status("407")) { exit; }
    if (!uac_auth("1")) { route(NOT_KNOWN); }
    t_on_failure("KNOWN");
    t_relay();
}

failure_route[KNOWN] {
    if (t_branch_timeout() && !t_branch_replied()) { route(SILENT); }
    if (t_check_status("407")) { route(NOT_KNOWN); }
}

# Told apart from a phone that is silent (408), of which the peer's Kamailio says so.
route[SILENT] {
    xlog("L_WARN", "peer $rd:$rp is silent\n");
    append_to_reply("Reason: Q.850;cause=38\r\n");
    t_reply("504", "Server Time-out");
    exit;
}

# The secret, or the realm, is not the peer's: no phone was asked.
route[NOT_KNOWN] {
    xlog("L_ERR", "peer $rd:$rp does not know this box: compare the secret and the domain\n");
    append_to_reply("Reason: Q.850;cause=55\r\n");
    t_reply("403", "Forbidden");
    exit;
}

route[FROM_ACCOUNT] {
    # A REGISTER that comes again while its 200 is under way has a used nonce count: the transaction answers it.
    if (is_method("REGISTER")) { t_newtran(); }
    route(AUTHENTICATE);
    if ($sht(proxy=>$avp(number)) != $null) { route(FROM_PEER); }
    if (is_method("REGISTER")) {
        if (!save("location", "0x04")) { sl_reply_error(); }
        exit;
    }
    if (!is_method("INVITE")) {
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }
    record_route();
    dlg_manage();
    $du = "sip:@GATEWAY@";
    t_on_failure("REFUSED");
    t_relay();
    exit;
}

# It is known by its account and by its address: within the dialog the address is what tells it.
route[FROM_PEER] {
    if (!is_method("INVITE") || $sht(box=>$si:$sp) != $avp(number)) { route(FORBID); }
    $dlg_var(peer) = $avp(number);
    route(TO_PHONE);
}

# There is no other gateway that might do it, so 503 stays what it is (RFC 3261 16.7), with its cause.
failure_route[REFUSED] {
    if (t_check_status("503")) {
        if ($T_rpl($hdr(Reason)) != $null) { append_to_reply("Reason: $T_rpl($hdr(Reason))\r\n"); }
        t_reply("503", "Service Unavailable");
    }
}

route[AUTHENTICATE] {
    if ($sht(wrong=>$au::$si) != $null && $sht(wrong=>$au::$si) >= 10) { route(FORBID); }
    if (is_method("REGISTER")) {
        $var(verdict) = 0;
        if (!www_authenticate("@DOMAIN@", "subscriber")) {
            $var(verdict) = $rc;
            route(WRONG);
            www_challenge("@DOMAIN@", "1");
            exit;
        }
        if ($au != $tU) {
            sl_send_reply("403", "Forbidden");
            exit;
        }
    } else if (!proxy_authenticate("@DOMAIN@", "subscriber")) {
        $var(verdict) = $rc;
        route(WRONG);
        proxy_challenge("@DOMAIN@", "1");
        exit;
    }
    if ($au != $fU && $sht(proxy=>$au) == $null) { route(FORBID); }
    $sht(wrong=>$au::$si) = $null;
    consume_credentials();
}

# -2: wrong password, -3: no such extension. A first request without credentials or with an old nonce is no offence.
route[WRONG] {
    if ($var(verdict) == -2 || $var(verdict) == -3) {
        update_stat("refused", "+1");
        if ($sht(wrong=>$au::$si) == $null) { $sht(wrong=>$au::$si) = 0; }
        $sht(wrong=>$au::$si) = $sht(wrong=>$au::$si) + 1;
    }
}
"""
