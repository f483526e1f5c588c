# SPDX-License-Identifier: GPL-2.0-only
"""Causes that the state tables of lines note, and what people call them. Spec: Q.850 §2.2.7."""

UNALLOCATED = 1
SPECIAL_TONE = 4
NORMAL_CLEARING = 16
BUSY = 17
NO_ANSWER = 19
ANSWERED_ELSEWHERE = 26  # non-selected user clearing
OUT_OF_ORDER = 27
INVALID_NUMBER = 28
TEMPORARY_FAILURE = 41
CONGESTION = 42
NO_CHANNEL = 44
RECOVERY_ON_TIMER = 102
PROTOCOL_ERROR = 111

NAMES = {
    1: ("unallocated number", "空号"),
    2: ("no route to network", "无路由至网络"),
    3: ("no route to destination", "无路由至目的地"),
    16: ("normal clearing", "正常释放"),
    17: ("user busy", "用户忙"),
    18: ("no user responding", "用户无响应"),
    19: ("no answer", "用户未应答"),
    20: ("subscriber absent", "用户不在"),
    21: ("call rejected", "呼叫被拒"),
    22: ("number changed", "号码已改"),
    26: ("not the user selected", "非选定用户"),
    27: ("destination out of order", "目的地故障"),
    28: ("invalid number", "号码无效"),
    29: ("facility rejected", "业务被拒"),
    31: ("normal, unspecified", "正常，未指明"),
    34: ("no channel available", "无可用信道"),
    38: ("network out of order", "网络故障"),
    41: ("temporary failure", "临时故障"),
    42: ("congestion", "设备拥塞"),
    44: ("requested channel not available", "所请求信道不可用"),
    47: ("resource unavailable", "资源不可用"),
    50: ("facility not subscribed", "业务未签约"),
    57: ("bearer not authorised", "承载未授权"),
    58: ("bearer not available", "承载不可用"),
    63: ("service not available", "业务不可用"),
    65: ("bearer not implemented", "承载未实现"),
    79: ("service not implemented", "业务未实现"),
    81: ("invalid call reference", "呼叫参考无效"),
    88: ("incompatible destination", "目的地不兼容"),
    96: ("information missing", "缺少信息"),
    97: ("message unknown", "消息不存在"),
    100: ("invalid information", "信息无效"),
    101: ("message out of place", "消息与状态不符"),
    102: ("timer expired", "定时器超时"),
    111: ("protocol error", "协议错误"),
    127: ("interworking", "互通，未指明"),
}
"""In English and Chinese."""
